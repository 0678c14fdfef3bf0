import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Pki } from "../../components/servers/certificates/pki";
import { JoinSecrets } from "../../components/servers/k3s/join-secrets";
import { renderKubeconfig } from "../../components/shared/kubernetes-api/kubeconfig";
import { type Engine, givenAway, startEngine } from "../rigs/engine";
import { describeWith } from "../rigs/programs";

/** The certificates of a cluster and the kubeconfig that comes of them, at an epoch. */
const program = (epoch: number) => async () => {
  const pki = new Pki("pki", {
    cluster: "trellis",
    etcdHosts: [{ name: "ubuntu-8gb-fsn1-1", address: "10.0.1.10" }],
    postgres: { names: ["postgres-primary"], addresses: ["10.0.1.10"] },
    epoch,
  });
  const join = new JoinSecrets("join");
  const kubeconfig = pulumi.all([pki.apiAuthority, pki.administrator]).apply(([authority, administrator]) =>
    renderKubeconfig({
      cluster: "trellis",
      server: "https://10.0.1.10:6443",
      authority,
      client: administrator,
    }),
  );
  return { kubeconfig, authorities: pki.k3s, etcdAuthority: pki.etcdAuthority, join: join.secrets };
};

describeWith(["pulumi", "openssl"], "the certificates of a cluster under the real engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine({ stack: "test", config: {} });
  });
  afterAll(() => engine.close());

  const changed = async (epoch: number) => {
    const run = await engine.up(program(epoch));
    return {
      run,
      names: run.steps
        .filter(({ op }) => op.startsWith("create") || op === "replace")
        .map(({ name }) => name),
    };
  };

  it("are made once, and a second update makes none", async () => {
    expect((await changed(1)).names).toContain("pki-etcd-ca-peer-ubuntu-8gb-fsn1-1");
    expect((await changed(1)).names).toEqual([]);
  });

  it("are all made anew by a new epoch, and no authority and no token with them", async () => {
    const before = await engine.up(program(1));
    const { run, names } = await changed(2);

    expect([...new Set(names)].sort()).toEqual([
      "pki-client-ca-administrator",
      "pki-client-ca-health",
      "pki-etcd-ca-peer-ubuntu-8gb-fsn1-1",
      "pki-etcd-ca-server-ubuntu-8gb-fsn1-1",
      "pki-etcd-ca-user-k3s",
      "pki-etcd-ca-user-metrics",
      "pki-etcd-ca-user-patroni",
      "pki-etcd-ca-user-root",
      "pki-postgres-ca-backup",
      "pki-postgres-ca-server",
    ]);
    for (const stays of ["authorities", "etcdAuthority", "join"]) {
      expect(run.outputs[stays]?.value).toEqual(before.outputs[stays]?.value);
    }
    expect(run.outputs.kubeconfig?.value).not.toBe(before.outputs.kubeconfig?.value);
  });

  it("leave no key in clear text in anything that the engine writes", () => {
    expect(givenAway(engine.secrets(), engine.written())).toEqual([]);
    expect(engine.written()).not.toContain("PRIVATE KEY");
  });
});
