import { expect, it } from "vitest";
import type { FoundSecret } from "../../../../cli/secrets/find-secrets";
import { kindOf } from "../../../../cli/secrets/kinds";
import { agesIn } from "../../../../cli/secrets/state";

const urn = (type: string, name: string) => `urn:pulumi:prod::trellis::${type}::${name}`;
const KEY = "tls:index/privateKey:PrivateKey";
const PASSWORD = "random:index/randomPassword:RandomPassword";

function found(type: string, name: string, of: "certificate" | "none"): FoundSecret {
  const kind = kindOf({ name, of });
  if (!kind) throw new Error(`${name} is not in the table`);
  const resource = {
    ...{ urn: urn(type, name), type, name, kind: "custom" as const },
    ...{ inputs: {}, outputs: {}, secretInputs: [], secretOutputs: [], dependencies: [] },
    ...{ propertyDependencies: {}, options: {} },
  };
  return { kind, resources: [resource], owners: [], consumers: [], rolls: [] };
}

const STATE = JSON.stringify({
  version: 3,
  deployment: {
    resources: [
      { urn: urn(PASSWORD, "postgres-databases-crm_reader_1"), created: "2026-01-10T08:00:00Z" },
      { urn: urn(PASSWORD, "cluster-patroni"), created: "2026-01-10T08:00:00Z" },
      { urn: urn(KEY, "cluster-pki-etcd-ca-user-k3s"), created: "2026-01-10T08:00:00Z" },
      {
        urn: urn("tls:index/locallySignedCert:LocallySignedCert", "cluster-pki-etcd-ca-user-k3s"),
        created: "2026-01-10T08:00:00Z",
        outputs: { validityEndTime: "2029-01-09T08:00:00Z", earlyRenewalHours: 24 * 365 },
      },
    ],
  },
});

it("tells the age of a secret, and when it is due", () => {
  const ageOf = agesIn(STATE);
  const made = new Date("2026-01-10T08:00:00Z");

  expect(ageOf(found(PASSWORD, "postgres-databases-crm_reader_1", "none"))).toEqual({
    made,
    due: new Date("2027-01-10T08:00:00Z"),
  });
  // What needs an operator's hands has no date.
  expect(ageOf(found(PASSWORD, "cluster-patroni", "none"))).toEqual({ made });
  // A certificate is due when it comes into the time of its renewal.
  expect(ageOf(found(KEY, "cluster-pki-etcd-ca-user-k3s", "certificate"))).toEqual({
    made,
    due: new Date("2028-01-10T08:00:00Z"),
  });
});

it("knows no age of a secret that the state does not have yet", () => {
  expect(agesIn(STATE)(found(PASSWORD, "postgres-databases-rain_reader_1", "none"))).toEqual({});
});
