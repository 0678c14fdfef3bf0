import { existsSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { networkPolicies } from "../../../components/cluster";
import { overlayAddresses } from "../../../components/servers/k3s/overlay";
import { cidr } from "../../../components/settings";
import { restrictedContainer, restrictedPod, SCRATCH } from "../../../components/shared/pods";
import type { Allowance } from "../../../components/shared/workloads";
import {
  BUSYBOX_IMAGE,
  type Cluster,
  describeOnKubernetes,
  ON_SIMULATED_NODES,
  startCluster,
} from "../../rigs/kubernetes";
import { eventually } from "../../rigs/waiting";

/** As much of a pod as is looked at here. */
interface Pod {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly state: {
        readonly terminated?: {
          readonly exitCode: number;
          readonly reason: string;
          readonly message?: string;
        };
      };
    }[];
  };
}

describeOnKubernetes([], "the Kubernetes of the tests", () => {
  let cluster: Cluster;
  let namespace = "";
  let used = 0;

  beforeAll(async () => {
    cluster = await startCluster({ simulated: [{ name: "simulated-1" }] });
  });
  afterAll(async () => cluster?.stop());

  beforeEach(async () => {
    namespace = `trial-${++used}`;
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  });

  it("runs a pod of the restricted profile, and keeps what it said and how it ended", async () => {
    await cluster.apply([pod("echo", 'echo "hello from $(id -u)"; echo 42 > /dev/termination-log')]);
    await cluster.waitForPhase(namespace, "echo", "Succeeded", "Failed");

    expect(await terminated("echo")).toMatchObject({ exitCode: 0, message: "42\n" });
    expect(await cluster.run(["logs", "echo", "-n", namespace])).toBe("hello from 1000\n");
  });

  it("refuses a pod that is not restricted, as the servers' admission does", async () => {
    const loose = pod("loose", "true");
    loose.spec.securityContext.runAsNonRoot = false;
    await expect(cluster.apply([loose])).rejects.toThrow(/violates PodSecurity "restricted:latest"/);
  });

  it("refuses a field that Kubernetes does not know", async () => {
    const misspelt = { ...pod("misspelt", "true"), spce: {} };
    await expect(cluster.apply([misspelt])).rejects.toThrow(/spce/);
  });

  it("kills a container that takes more memory than its limit", async () => {
    await cluster.apply([pod("greedy", "tail /dev/zero")]);
    await cluster.waitForPhase(namespace, "greedy", "Failed");

    expect(await terminated("greedy")).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  it("gives a pod its account's token, and to the account what RBAC grants and no more", async () => {
    await cluster.apply([
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader", namespace } },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name: "reader", namespace },
        rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }],
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "reader", namespace },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
        subjects: [{ kind: "ServiceAccount", name: "reader", namespace }],
      },
      pod("ask", "test -s /var/run/secrets/kubernetes.io/serviceaccount/token", {
        serviceAccountName: "reader",
        automountServiceAccountToken: true,
      }),
    ]);
    const kubeconfig = await cluster.accountKubeconfig(namespace, "reader");

    const granted = await cluster.kubectl(["get", "pods", "-n", namespace], "", kubeconfig);
    const denied = await cluster.kubectl(["delete", "pod", "ask", "-n", namespace], "", kubeconfig);
    expect([granted.code, denied.code]).toEqual([0, 1]);
    expect(denied.stderr).toMatch(/reader" cannot delete resource "pods"/);
    await cluster.waitForPhase(namespace, "ask", "Succeeded");
  });

  it("leads pods by a Service's name to other pods, and beyond the node to this machine", async () => {
    await cluster.apply([
      web(),
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web", namespace },
        spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
      },
      pod(
        "client",
        `until wget -qO- http://web.${namespace}.svc.cluster.local 2> /dev/null; do sleep 1; done; ping -c 1 ${cluster.gateway}`,
      ),
    ]);
    await cluster.waitForPhase(namespace, "client", "Succeeded", "Failed");

    expect(await cluster.run(["logs", "client", "-n", namespace])).toMatch(/^served$/m);
  });

  it("keeps network policies: a pod is reached from where one says, and from nowhere else", async () => {
    const friends = { podSelector: { matchLabels: { app: "friend" } } };
    const address = await guardedWeb([
      { name: "deny-all", spec: { podSelector: {}, policyTypes: ["Ingress"] } },
      {
        name: "friends",
        spec: { podSelector: {}, ingress: [{ from: [friends], ports: [{ port: 8080 }] }] },
      },
    ]);
    const ask = `wget -q -O /dev/null http://${address}:8080`;
    await cluster.apply([
      { ...pod("friend", `until ${ask}; do sleep 1; done`), metadata: labelled("friend") },
      {
        ...pod("stranger", `for try in 1 2 3 4 5; do ! ${ask} || exit 1; sleep 1; done`),
        metadata: labelled("stranger"),
      },
    ]);

    await cluster.waitForPhase(namespace, "friend", "Succeeded", "Failed");
    await cluster.waitForPhase(namespace, "stranger", "Succeeded", "Failed");
    expect((await terminated("friend"))?.exitCode).toBe(0);
    expect((await terminated("stranger"))?.exitCode).toBe(0);
  });

  it("lets a server in that comes from behind the overlay, by the policies that we render", async () => {
    const allow: Allowance[] = [{ from: "servers", ports: [8080] }];
    const servers = { at: ["10.0.1.10"], behind: overlayAddresses(cidr.parse("10.42.0.0/16")) };
    const address = await guardedWeb(networkPolicies(allow, servers));
    const reaches = (from: string) => cluster.reachesPod(address, 8080, from);

    await eventually("a server of another share is let in", 60_000, () => reaches("10.42.7.0"), 250);
    expect(await reaches("10.0.1.10")).toBe(true);
    expect(await reaches("10.42.7.1")).toBe(false);
  });

  it("keeps a claim's volume, with the pod's group, from one pod to the next", async () => {
    const claimed = {
      volumes: [SCRATCH.volume, { name: "data", persistentVolumeClaim: { claimName: "data" } }],
    };
    const mounts = [SCRATCH.mount, { name: "data", mountPath: "/data" }];
    await cluster.apply([
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data", namespace },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
      pod("first", "echo kept > /data/note", claimed, mounts),
    ]);
    await cluster.waitForPhase(namespace, "first", "Succeeded", "Failed");
    await cluster.apply([pod("second", "cat /data/note", claimed, mounts)]);
    await cluster.waitForPhase(namespace, "second", "Succeeded", "Failed");

    expect(await cluster.run(["logs", "second", "-n", namespace])).toBe("kept\n");
  });

  it("simulates the nodes that it has not: their pods seem to run, and Jobs to be done", async () => {
    const { spec } = pod("unused", "exit 1", ON_SIMULATED_NODES);
    await cluster.apply([
      pod("seeming", "exit 1", ON_SIMULATED_NODES),
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "seeming", namespace },
        spec: { template: { spec } },
      },
    ]);
    await cluster.waitForPhase(namespace, "seeming", "Running");
    await cluster.run(["wait", "--for=condition=complete", "job/seeming", "-n", namespace, "--timeout=300s"]);

    expect((await cluster.get<Pod>("pod", "seeming", "-n", namespace)).spec.nodeName).toBe("simulated-1");
  });

  it("is gone without a trace when it stops", async () => {
    const other = await startCluster({ node: false });
    const folder = other.folder("");
    expect(other.address).not.toBe(cluster.address);
    await other.stop();

    expect(existsSync(folder)).toBe(false);
    await eventually("its address is gone", 10_000, async () => {
      const { code } = await other.kubectl(["version", "--request-timeout=2s"]);
      return code !== 0;
    });
    expect(await cluster.run(["get", "--raw", "/readyz"])).toBe("ok");
  });

  const terminated = async (name: string) => {
    const { status } = await cluster.get<Pod>("pod", name, "-n", namespace);
    return status.containerStatuses?.[0]?.state.terminated;
  };

  /** What serves a page on port 8080. */
  const web = () => ({
    ...pod("web", "echo served > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"),
    metadata: labelled("web"),
  });

  /** Starts it behind network policies, and answers its address. */
  async function guardedWeb(policies: readonly { name: string; spec: object }[]): Promise<string> {
    const kind = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
    const guards = policies.map(({ name, spec }) => ({ ...kind, metadata: { name, namespace }, spec }));
    await cluster.apply([...guards, web()]);
    await cluster.waitForPhase(namespace, "web", "Running");
    const { status } = await cluster.get<{ status: { podIP: string } }>("pod", "web", "-n", namespace);
    return status.podIP;
  }

  const labelled = (name: string) => ({ name, namespace, labels: { app: name } });

  const pod = (
    name: string,
    script: string,
    extra: object = {},
    volumeMounts: object[] = [SCRATCH.mount],
  ) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { ...restrictedPod(1000) } as Record<string, unknown>,
      volumes: [SCRATCH.volume] as object[],
      containers: [
        {
          name: "main",
          image: BUSYBOX_IMAGE,
          command: ["sh", "-c", script],
          securityContext: restrictedContainer,
          resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
          volumeMounts,
        },
      ],
      ...extra,
    },
  });
});
