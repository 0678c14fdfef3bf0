import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkPolicies } from "../../../../components/cluster";
import { allowancesOf, clientsOf } from "../../../../components/cluster/namespaces/connections";
import type { NamedPolicy } from "../../../../components/cluster/namespaces/network-policies";
import { DATA_NAMESPACES } from "../../../../components/data";
import { type Allowance, MONITORING_NAMESPACE } from "../../../../components/shared/workloads";
import { SYSTEM_NAMESPACES } from "../../../../components/systems";

const SERVERS = { at: ["10.0.1.10", "10.0.2.10"] };

describe("network policies of a guarded namespace", () => {
  it("deny both directions before anything is allowed", () => {
    expect(networkPolicies([], SERVERS)).toEqual([
      { name: "deny-all", spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    ]);
  });

  it("never let 'internet' mean the metadata address or the cluster's own networks", () => {
    const [, internet] = networkPolicies([{ to: "internet", ports: [443] }], SERVERS);

    const except = internet?.spec.egress?.[0]?.to?.[0]?.ipBlock?.except;
    expect(except).toEqual(expect.arrayContaining(["169.254.0.0/16", "10.0.0.0/8"]));
  });

  it("open exactly one direction for each allowance, and never to everybody", () => {
    const port = fc.integer({ min: 1, max: 65535 });
    const ports = fc.uniqueArray(port, { minLength: 1, maxLength: 3 });
    const allowance: fc.Arbitrary<Allowance> = fc.oneof(
      fc.record({ to: fc.constant("internet" as const), ports }),
      fc.record({ to: fc.constant("servers" as const), ports }),
      fc.record({ from: fc.constant("servers" as const), ports }),
      fc.record({ from: fc.record({ namespace: fc.constant("airflow") }), ports }),
    );

    fc.assert(
      fc.property(
        fc.uniqueArray(allowance, { selector: (each) => JSON.stringify(each) }),
        fc.subarray(SERVERS.at),
        (allowances, servers) => {
          const [denial, ...policies] = networkPolicies(allowances, { at: servers });
          expect(denial?.name).toBe("deny-all");
          expect(policies.map((policy) => policy.spec.policyTypes.length)).toEqual(allowances.map(() => 1));
          for (const { spec } of policies) {
            const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
            for (const { to = [], from = [], ports } of rules) {
              expect(to.length + from.length).toBeGreaterThan(0);
              expect(ports.length).toBeGreaterThan(0);
            }
          }
        },
      ),
    );
  });

  it("have the same names whether or not the servers' addresses are known", () => {
    const allow: Allowance[] = [
      { to: "servers", ports: [2379] },
      { from: "servers", ports: [5432] },
    ];
    const names = (servers: string[]) => networkPolicies(allow, { at: servers }).map(({ name }) => name);

    expect(names([])).toEqual(names(SERVERS.at));
  });

  it("accept servers at their overlay addresses too, and open no connection to those", () => {
    const allow: Allowance[] = [
      { to: "servers", ports: [2379] },
      { from: "servers", ports: [5432] },
    ];
    const [, out, into] = networkPolicies(allow, { ...SERVERS, behind: ["10.42.1.0"] });
    const ranges = (peers: NonNullable<NamedPolicy["spec"]["egress"]>[number]["to"]) =>
      peers?.map(({ ipBlock }) => ipBlock?.cidr);

    expect(ranges(out?.spec.egress?.[0]?.to)).toEqual(["10.0.1.10/32", "10.0.2.10/32"]);
    expect(ranges(into?.spec.ingress?.[0]?.from)).toEqual(["10.42.1.0/32", "10.0.1.10/32", "10.0.2.10/32"]);
  });

  it("refuse two allowances that would be one policy", () => {
    const twice: Allowance = { to: { namespace: "storage" }, ports: [9000] };

    expect(() => networkPolicies([twice, twice], SERVERS)).toThrow("allow-to-storage-9000");
  });
});

describe("the platform's namespaces", () => {
  const all = Object.values({ ...DATA_NAMESPACES, ...SYSTEM_NAMESPACES });
  const allowances = [
    ...all.map((each) => ({ namespace: each.name, allow: allowancesOf(each, all) })),
    { namespace: MONITORING_NAMESPACE, allow: clientsOf(MONITORING_NAMESPACE, all) }, // an add-on's own namespace
  ];

  it("connect only to namespaces that allow the connection", () => {
    const connections = allowances.flatMap(({ namespace, allow }) =>
      allow.flatMap((each) =>
        "to" in each && typeof each.to === "object"
          ? each.ports.map((port) => ({ from: namespace, to: nameOf(each.to, namespace), port }))
          : [],
      ),
    );

    const denied = connections.filter(({ from, to, port }) => !accepts(to, from, port));
    expect(connections.length).toBeGreaterThan(10);
    expect(denied).toEqual([]);
  });

  function accepts(namespace: string, client: string, port: number): boolean {
    const server = allowances.find((each) => each.namespace === namespace);
    return (server?.allow ?? []).some(
      (each) =>
        "from" in each &&
        typeof each.from === "object" &&
        nameOf(each.from, namespace) === client &&
        each.ports.includes(port),
    );
  }

  function nameOf(peer: unknown, own: string): string {
    const name = String(Reflect.get(Object(peer), "namespace"));
    return name === "own" ? own : name;
  }
});
