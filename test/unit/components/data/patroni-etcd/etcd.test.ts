import { beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../../../../cli/pulumi-monitor";
import { PatroniEtcd } from "../../../../../components/data/patroni-etcd";
import { PEER_COMMON_NAME } from "../../../../../components/servers/etcd/access";
import { evaluateStack } from "../../../../rigs/evaluate";

const HOSTS = [0, 1, 2].map((ordinal) => `etcd-${ordinal}.etcd.elsewhere.svc.cluster.local`);

describe("an etcd in the cluster", () => {
  let evaluation: Evaluation;
  beforeAll(async () => {
    evaluation = await evaluateStack({
      program: () => {
        const etcd = new PatroniEtcd("etcd", {
          namespace: "elsewhere",
          cluster: "trellis",
          members: 3,
          strictSpread: true,
          storageClass: "fast",
          certificateEpoch: 1,
        });
        return { hosts: etcd.hosts, authority: etcd.authority, certificate: etcd.certificate };
      },
    });
  });
  const inputsOf = (type: string, name: string) => {
    const found = evaluation.resources.find((each) => each.type.endsWith(`:${type}`) && each.name === name);
    if (!found) throw new Error(`no ${type} ${name}`);
    return found.inputs;
  };
  const request = (name: string) => inputsOf("CertRequest", `etcd-authority-${name}`);
  const words = () => JSON.stringify(inputsOf("StatefulSet", "etcd-members"));

  it("is reached at each member's own name, which its certificates hold", () => {
    expect(evaluation.outputs.hosts).toEqual(HOSTS.map((host) => `${host}:2379`));
    for (const name of ["server", "peer"]) {
      expect(request(name).dnsNames, name).toEqual([...HOSTS, "localhost"]);
    }
  });

  it("lets clients in by certificate alone, and none of them among the members", () => {
    expect(request("patroni")).not.toHaveProperty("subject");
    expect(request("peer").subject).toEqual({ commonName: PEER_COMMON_NAME });
    for (const flag of [
      '"--client-cert-auth"',
      '"--peer-client-cert-auth"',
      `--peer-cert-allowed-cn=${PEER_COMMON_NAME}`,
    ]) {
      expect(words()).toContain(flag);
    }
  });

  it("begins as one cluster of all members, each on a node and a volume of its own", () => {
    const cluster = HOSTS.map((host, ordinal) => `etcd-${ordinal}=https://${host}:2380`).join();
    expect(words()).toContain(`--initial-cluster=${cluster}`);
    expect(words()).toContain("requiredDuringSchedulingIgnoredDuringExecution");
    expect(words()).toContain('"storageClassName":"fast"');
  });

  it("gives out no key in clear", () => {
    expect(evaluation.secretOutputs.some((path) => path.startsWith("certificate"))).toBe(true);
    expect(evaluation.secretOutputs.some((path) => path.startsWith("authority"))).toBe(false);
    const { secretInputs } = evaluation.resources.find(({ name }) => name === "etcd-certificates") ?? {};
    expect(secretInputs).toContain("stringData");
  });
});
