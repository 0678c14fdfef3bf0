import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { networkPolicies } from "../../../../components/cluster";
import { LOGS, logs } from "../../../../components/cluster/logs";
import { restrictedContainer, restrictedPod } from "../../../../components/shared/pods";
import { objectsIn } from "../../../rigs/alerting/declared";
import {
  BUSYBOX_IMAGE,
  type Cluster,
  describeOnKubernetes,
  packImage,
  startCluster,
} from "../../../rigs/kubernetes";
import { program } from "../../../rigs/programs";

const LINE = "a line of a pod, number 4711";
const shape = { kind: "store", retentionDays: 30, volumeGib: 1, memoryMib: 512, requestMib: 64 } as const;
const addOn = logs({ shape, token: false, monitoring: true });

/** The add-on's own objects; nothing in here reads monitors. */
const objects = objectsIn(addOn.spec.chartContent)
  .map((each) => Object(each))
  .filter(({ apiVersion }) => !apiVersion.startsWith("monitoring."));

describeOnKubernetes(["victoria-logs", "vlagent"], "the logs of a real node", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
    const images = { [LOGS.store]: await imageOf("victoria-logs"), [LOGS.agent]: await imageOf("vlagent") };
    const servers = { at: [cluster.address, "10.43.0.1"] };
    await cluster.apply([
      {
        apiVersion: "scheduling.k8s.io/v1",
        kind: "PriorityClass",
        metadata: { name: "trellis-service" },
        value: 1,
      },
      namespace(LOGS.namespace, "privileged"),
      namespace("monitoring", "restricted"),
      namespace("elsewhere", "restricted"),
      ...networkPolicies(addOn.namespace?.allow ?? [], servers).map(({ name, spec }) => ({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name, namespace: LOGS.namespace },
        spec,
      })),
      ...objects.map((object) => onThisNode(object, images)),
    ]);
    await cluster.run([
      "rollout",
      "status",
      "statefulset",
      LOGS.store,
      "-n",
      LOGS.namespace,
      "--timeout=300s",
    ]);
    await cluster.run(["rollout", "status", "daemonset", LOGS.agent, "-n", LOGS.namespace, "--timeout=300s"]);
  });
  afterAll(async () => cluster?.stop());

  const ask = (query: string) =>
    `timeout 5 wget -q -O - 'http://${LOGS.store}.${LOGS.namespace}.svc.cluster.local:${LOGS.ports.store}/select/logsql/query?query=${encodeURIComponent(query)}'`;

  it("are answered to monitoring with the pod that wrote them, and to no other namespace", async () => {
    await cluster.apply([pod("elsewhere", "speaker", `echo '${LINE}'`)]);
    await cluster.waitForPhase("elsewhere", "speaker", "Succeeded");
    const query = `{kubernetes.pod_namespace="elsewhere"} "number 4711"`;
    await cluster.apply([
      pod("monitoring", "asks", `until ${ask(query)} | grep 4711; do sleep 1; done`),
      pod("elsewhere", "stranger", `${ask(query)} && exit 1; exit 0`),
    ]);
    await cluster.waitForPhase("monitoring", "asks", "Succeeded", "Failed");
    const said = (await cluster.run(["logs", "asks", "-n", "monitoring"])).split("\n");
    // Before the policies let it through, wget says that it cannot connect.
    expect(JSON.parse(said.find((line) => line.startsWith("{")) ?? "")).toMatchObject({
      _msg: LINE,
      "kubernetes.pod_name": "speaker",
      "kubernetes.container_name": "main",
    });
    await cluster.waitForPhase("elsewhere", "stranger", "Succeeded", "Failed");
    expect(await cluster.phase("elsewhere", "stranger")).toBe("Succeeded");
  });

  it("do not have those of the store and of the agents themselves", async () => {
    const query = `{kubernetes.pod_namespace="${LOGS.namespace}"}`;
    // A new pod is refused until the policies know it.
    await cluster.apply([
      pod("monitoring", "counts", `until ${ask(query)} && echo answered; do sleep 1; done`),
    ]);
    await cluster.waitForPhase("monitoring", "counts", "Succeeded");
    const said = (await cluster.run(["logs", "counts", "-n", "monitoring"])).split("\n");
    expect(said.filter((line) => line !== "" && !line.startsWith("wget:"))).toEqual(["answered"]);
  });

  async function imageOf(name: string): Promise<string> {
    const root = cluster.folder(`images/${name}`);
    copyFileSync(program(name), join(root, name));
    const image = `localhost/${name}:1`;
    await cluster.load(
      await packImage(`${root}.tar`, { names: [image], root, config: { Entrypoint: [`/${name}`] } }),
    );
    return image;
  }

  /** With images that this node has, the API server at its own port, and the place where its kubelet keeps logs. */
  function onThisNode(object: Record<string, unknown>, images: Readonly<Record<string, string>>): object {
    const copy = structuredClone(object);
    const { kind, metadata, spec } = Object(copy);
    if (kind !== "StatefulSet" && kind !== "DaemonSet") return copy;
    const [container] = spec.template.spec.containers;
    container.image = images[metadata.name];
    if (kind === "DaemonSet") {
      const path = cluster.folder("pod-logs");
      spec.template.spec.volumes.push({ name: "pod-logs", hostPath: { path } });
      container.volumeMounts.push({ name: "pod-logs", mountPath: path, readOnly: true });
    }
    return copy;
  }
});

const namespace = (name: string, profile: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "pod-security.kubernetes.io/enforce": profile } },
});

const pod = (home: string, name: string, script: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: home },
  spec: {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: restrictedPod(1000),
    containers: [
      {
        name: "main",
        image: BUSYBOX_IMAGE,
        command: ["sh", "-c", script],
        securityContext: restrictedContainer,
        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
      },
    ],
  },
});
