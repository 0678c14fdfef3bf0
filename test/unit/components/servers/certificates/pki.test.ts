import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../../../../cli/pulumi-monitor";
import { Pki } from "../../../../../components/servers/certificates/pki";
import { JoinSecrets } from "../../../../../components/servers/k3s/join-secrets";
import { evaluateStack } from "../../../../rigs/evaluate";

const HOSTS = ["ubuntu-8gb-fsn1-1", "ubuntu-8gb-fsn1-2", "ubuntu-8gb-fsn1-3"];

const evaluatePki = (hosts = HOSTS, peopleEpoch = 1) =>
  evaluateStack({
    program: () => {
      const pki = new Pki("pki", {
        cluster: "trellis",
        etcdHosts: hosts.map((name, index) => ({ name, address: pulumi.output(`10.0.1.${10 + index}`) })),
        postgres: { names: ["postgres-primary"], addresses: ["10.0.1.10"] },
        epoch: 1,
        peopleEpoch,
      });
      const secrets = new JoinSecrets("join");
      return {
        k3s: pki.k3s,
        administrator: pki.administrator,
        people: pki.people,
        patroni: pki.patroni,
        postgres: pki.postgres.server,
        postgresBackup: pki.postgres.backup,
        members: pki.etcdMembers,
        users: pki.etcdUsers,
        join: secrets.secrets,
        apiAuthority: pki.apiAuthority,
        etcdAuthority: pki.etcdAuthority,
        postgresAuthority: pki.postgres.authority,
      };
    },
  });

describe("the cluster's PKI", () => {
  let evaluation: Evaluation;
  beforeAll(async () => {
    evaluation = await evaluatePki();
  });
  const resource = (type: string, name: string) => {
    const found = evaluation.resources.find((each) => each.type.endsWith(`:${type}`) && each.name === name);
    if (!found) throw new Error(`no ${type} ${name}`);
    return found;
  };
  const request = (name: string) => resource("CertRequest", name).inputs;
  const certificate = (name: string) => resource("LocallySignedCert", name).inputs;

  it("gives out every key as a secret and only authorities in clear", () => {
    expect(
      Object.keys(evaluation.outputs).filter(
        (name) => !evaluation.secretOutputs.some((path) => path.startsWith(name)),
      ),
    ).toEqual(["apiAuthority", "etcdAuthority", "postgresAuthority"]);
  });

  it("never hands a key to a resource but as a secret", () => {
    const inClear = evaluation.resources.flatMap(({ name, inputs, secretInputs }) =>
      Object.keys(inputs)
        .filter((input) => /PrivateKeyPem|privateKeyPem/.test(input) && !secretInputs.includes(input))
        .map((input) => `${name}.${input}`),
    );
    expect(inClear).toEqual([]);
  });

  it("names a member by its server, its address and loopback, for both sides of a connection", () => {
    expect(request("pki-etcd-ca-server-ubuntu-8gb-fsn1-2")).toMatchObject({
      subject: { commonName: "ubuntu-8gb-fsn1-2" },
      dnsNames: ["ubuntu-8gb-fsn1-2", "localhost"],
      ipAddresses: ["10.0.1.11", "127.0.0.1"],
    });
    expect(certificate("pki-etcd-ca-server-ubuntu-8gb-fsn1-2").allowedUses).toEqual([
      "digital_signature",
      "server_auth",
      "client_auth",
    ]);
  });

  it("names the epoch in the groups of developers and readers, so that RBAC can drop an earlier one", async () => {
    const { resources } = await evaluatePki(HOSTS, 2);
    const groupOf = (person: string, all: typeof resources) =>
      all.find(({ type, name }) => type.endsWith(":CertRequest") && name === `pki-client-ca-${person}`)
        ?.inputs.subject;

    for (const [person, group] of [
      ["reader", "trellis:readers"],
      ["developer", "trellis:developers"],
    ] as const) {
      expect(groupOf(person, evaluation.resources)).toMatchObject({ organization: `${group}:1` });
      expect(groupOf(person, resources)).toMatchObject({ organization: `${group}:2` });
      expect(certificate(`pki-client-ca-${person}`).validityPeriodHours).toBe(90 * 24);
    }
  });

  it("gives peers the name that no client has", () => {
    expect(request("pki-etcd-ca-peer-ubuntu-8gb-fsn1-1")).toMatchObject({
      subject: { commonName: "etcd-peer" },
    });
  });

  it("gives K3s the common name of its user in etcd, and Patroni none", () => {
    expect(request("pki-etcd-ca-user-k3s")).toMatchObject({ subject: { commonName: "k3s" } });
    expect(request("pki-etcd-ca-user-patroni")).not.toHaveProperty("subject");
    expect(request("pki-etcd-ca-user-patroni")).toMatchObject({ dnsNames: ["patroni"] });
  });

  it("binds the administrator's rights to a group that can lose them", () => {
    expect(request("pki-client-ca-administrator")).toMatchObject({
      subject: { commonName: "trellis-administrator", organization: "trellis:administrators" },
    });
  });

  it("renews leaves well before their end and authorities never by itself", () => {
    expect(certificate("pki-etcd-ca-user-k3s")).toMatchObject({
      validityPeriodHours: 26_280,
      earlyRenewalHours: 8_760,
    });
    expect(resource("SelfSignedCert", "pki-etcd-ca").inputs).toMatchObject({
      validityPeriodHours: 87_600,
      earlyRenewalHours: 0,
    });
  });

  it("touches no other member's certificates when one is removed", async () => {
    const before = evaluation.resources.map(({ urn }) => urn);
    const after = (await evaluatePki(HOSTS.slice(1))).resources.map(({ urn }) => urn);

    expect(
      before.filter((urn) => !after.includes(urn)).every((urn) => urn.endsWith("ubuntu-8gb-fsn1-1")),
    ).toBe(true);
    expect(after.filter((urn) => !before.includes(urn))).toEqual([]);
  });
});
