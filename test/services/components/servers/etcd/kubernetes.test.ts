import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { API_SERVER_ARGUMENTS, K3S_USER } from "../../../../../components/servers/etcd";
import { ETCD_PROGRAMS, EtcdCluster } from "../../../../rigs/etcd/cluster";
import { KUBE_APISERVER_PROGRAMS, KubeApiserver } from "../../../../rigs/kubernetes/kube-apiserver";
import { describeWith, program } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const LIMIT_MS = 120_000;
const HISTORY_SECONDS = 5;

describeWith([...ETCD_PROGRAMS, ...KUBE_APISERVER_PROGRAMS], "Kubernetes on an etcd with roles", () => {
  let etcd: EtcdCluster;
  let api: KubeApiserver;

  const startApi = (words: readonly string[]) =>
    KubeApiserver.start({
      etcd: { endpoints: etcd.endpoints, authority: etcd.authority.cert, client: etcd.client(K3S_USER) },
      address: "127.0.0.11",
      port: 6445,
      arguments: words,
    });
  const revision = async (): Promise<number> =>
    JSON.parse((await etcd.root("get", "--write-out", "json", "/registry/health")).stdout).header.revision;
  const isCompacted = async (old: number) =>
    (
      await etcd.root("get", "--rev", String(old), "--prefix", "--keys-only", "/registry/configmaps/")
    ).stderr.includes("compacted");

  beforeAll(async () => {
    etcd = await EtcdCluster.start({ historySeconds: HISTORY_SECONDS });
    api = await startApi(API_SERVER_ARGUMENTS);
  });
  afterAll(async () => {
    await api?.stop();
    await etcd?.stop();
  });

  it("creates, lists and watches, known to etcd by the certificate of K3s alone", async () => {
    const watch = spawn(program("kubectl"), [
      ...["--kubeconfig", api.kubeconfig, "get", "configmaps", "--namespace", "default"],
      ...["--watch", "--output-watch-events", "--output", "name"],
    ]);
    let seen = "";
    watch.stdout.on("data", (chunk) => {
      seen += chunk;
    });
    try {
      expect(await api.kubectl(["create", "configmap", "first", "--from-literal=a=1"])).toMatchObject({
        code: 0,
      });
      await eventually("the watch to see the first object", LIMIT_MS, async () =>
        seen.includes("configmap/first"),
      );
      expect(await api.kubectl(["create", "configmap", "second", "--from-literal=a=1"])).toMatchObject({
        code: 0,
      });
      await eventually("the watch to see the second object", LIMIT_MS, async () =>
        seen.includes("configmap/second"),
      );
    } finally {
      watch.kill();
    }
    const { stdout } = await api.kubectl(["get", "configmaps", "--output", "name"]);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["configmap/first", "configmap/second"]));
  });

  it("keeps events, whose leases etcd grants to K3s' user", async () => {
    const event = {
      ...{ apiVersion: "v1", kind: "Event", metadata: { name: "noted", namespace: "default" } },
      ...{
        involvedObject: { kind: "ConfigMap", namespace: "default", name: "first" },
        reason: "Noted",
        type: "Normal",
      },
    };
    expect(await api.kubectl(["create", "-f", "-"], JSON.stringify(event))).toMatchObject({ code: 0 });
    expect((await etcd.k3s("get", "--prefix", "--keys-only", "/registry/events/default/")).stdout).toContain(
      "noted",
    );
  });

  it("loses its old revisions to etcd's own compaction, and goes on", async () => {
    const old = await revision();
    for (let value = 0; value < 5; value++) {
      const patch = JSON.stringify({ data: { a: String(value) } });
      expect((await api.kubectl(["patch", "configmap", "first", "--patch", patch])).code).toBe(0);
    }
    await eventually("the old revisions to be gone", LIMIT_MS, () => isCompacted(old));

    expect((await api.kubectl(["get", "configmap", "first", "--output", "jsonpath={.data.a}"])).stdout).toBe(
      "4",
    );
  });

  it("is denied nothing by etcd", () => {
    expect(api.log.split("\n").filter((line) => line.includes("permission denied"))).toEqual([]);
  });

  it("goes on when a member of etcd is lost", async () => {
    await etcd.machines[0].powerOff();
    await eventually(
      "an object to be created on two members",
      LIMIT_MS,
      async () => (await api.kubectl(["create", "configmap", "on-two-members"])).code === 0,
    );
    await etcd.machines[0].powerOn();
    await etcd.settled();
  });

  it("would be refused compaction, were it left to the API server: hence the argument that K3s must pass", async () => {
    await api.stop();
    api = await startApi(["etcd-compaction-interval=2s"]);
    const first = (await etcd.root("get", "--print-value-only", "compact_rev_key")).stdout;

    await eventually("the API server to try", LIMIT_MS, async () =>
      /compact.*permission denied/.test(api.log),
    );
    await eventually(
      "its key to move",
      LIMIT_MS,
      async () => (await etcd.root("get", "--print-value-only", "compact_rev_key")).stdout !== first,
    );
  });
});
