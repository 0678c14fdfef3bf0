import { afterAll, beforeAll, expect, it } from "vitest";
import { type KubernetesObject, kubernetesObject } from "../../../cli/shared/kubernetes-objects";
import { allocatable } from "../../../components/servers/k3s/configuration";
import {
  SERVER_TYPES,
  type ServerTypeName,
} from "../../../components/settings/hetzner-catalogue/server-types";
import { type Cluster, describeOnKubernetes, type SimulatedNode, startCluster } from "../../rigs/kubernetes";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings } from "../../rigs/platform/stacks";
import { eventually } from "../../rigs/waiting";

const PATIENCE_MS = 600_000;

/** Of Kubernetes itself; add-ons bring the others, and bring no pods of ours. */
const isKnown = ({ group }: KubernetesObject) => !group.includes(".") || group.endsWith(".k8s.io");

/** CoreDNS as K3s declares it: without a number of replicas, and at most one pod on each server. */
const COREDNS = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "coredns", namespace: "kube-system" },
  spec: {
    selector: { matchLabels: { "k8s-app": "kube-dns" } },
    template: {
      metadata: { labels: { "k8s-app": "kube-dns" } },
      spec: {
        priorityClassName: "system-cluster-critical",
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        containers: [
          { name: "coredns", image: "coredns", resources: { requests: { cpu: "100m", memory: "70Mi" } } },
        ],
      },
    },
  },
};

describeOnKubernetes([], "the pods of prod, on simulated nodes of its servers' size", () => {
  let cluster: Cluster;
  let servers: readonly SimulatedNode[];

  beforeAll(async () => {
    const { resources } = await evaluatePlatform(rawSettings("prod"), "prod");
    servers = resources
      .filter(({ type }) => type === "hcloud:index/server:Server")
      .map(({ inputs }) => serverNode(inputs as unknown as Server)); // as the program declares it
    const objects = resources.flatMap((each) => kubernetesObject(each, each.inputs) ?? []).filter(isKnown);
    cluster = await startCluster({ node: false, simulated: servers });
    const first = ({ kind }: KubernetesObject) => ["Namespace", "PriorityClass"].includes(kind);
    await cluster.apply(objects.filter(first).map(({ manifest }) => manifest));
    await cluster.apply(objects.filter((each) => !first(each)).map(({ manifest }) => manifest));
    await cluster.apply([COREDNS]);
  }, PATIENCE_MS);
  afterAll(async () => cluster?.stop());

  it("find a place each, until every Deployment and StatefulSet is ready and every Job done", async () => {
    const found = await allReady("deployments,statefulsets,jobs");
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(["Deployment", "StatefulSet", "Job"]));
  });

  it("stand so that no server has all of what is there more than once", async () => {
    const { items } = await cluster.get<{ items: Pod[] }>("pods", "--all-namespaces");
    const places = new Map<string, string[]>();
    for (const { metadata, spec } of items) {
      const [owner] = metadata.ownerReferences ?? [];
      if (!owner || owner.kind === "Job") continue;
      const whole = `${metadata.namespace}/${owner.name}`;
      places.set(whole, [...(places.get(whole) ?? []), spec.nodeName ?? "nowhere"]);
    }
    const several = [...places].filter(([, nodes]) => nodes.length > 1);
    expect(several.length).toBeGreaterThan(5);
    for (const [whole, nodes] of several) {
      expect(new Set(nodes).size, whole).toBe(Math.min(nodes.length, servers.length));
    }
  });

  it("resolve names on three servers, also after K3s has applied its manifest again", async () => {
    await eventually("CoreDNS has three pods", PATIENCE_MS, async () => (await dns()) === "3 of 3", 1_000);
    await cluster.apply([COREDNS]);
    expect(await dns()).toBe("3 of 3");
  });

  it("find other places when a server is lost, but for those whose disk is lost with it", async () => {
    const [lost] = servers;
    if (!lost) throw new Error("prod has no server");
    await cluster.run(["cordon", lost.name]);
    const there = ["--all-namespaces", `--field-selector=spec.nodeName=${lost.name}`];
    await cluster.run(["delete", "pods", ...there, "--force"]);

    await allReady("deployments", ({ metadata }) => metadata.name !== COREDNS.metadata.name);
    expect(await dns()).toBe("2 of 3"); // each on a server of its own
    const { items } = await cluster.get<{ items: Workload[] }>("statefulsets", "--all-namespaces");
    for (const { metadata, spec, status } of items) {
      const most = Math.ceil((spec.replicas ?? 1) / servers.length);
      expect(status.readyReplicas, metadata.name).toBeGreaterThanOrEqual((spec.replicas ?? 1) - most);
    }
  });

  async function dns(): Promise<string> {
    const { spec, status } = await cluster.get<Workload>("deployment/coredns", "--namespace=kube-system");
    return `${status.readyReplicas} of ${spec.replicas}`;
  }

  function allReady(kinds: string, counts: (each: Workload) => boolean = () => true): Promise<Workload[]> {
    return eventually(
      `all ${kinds} are ready`,
      PATIENCE_MS,
      async () => {
        const { items } = await cluster.get<{ items: Workload[] }>(kinds, "--all-namespaces");
        const waiting = items.filter((each) => counts(each) && !isReady(each));
        if (waiting.length > 0) throw new Error(await whyNot(waiting));
        return items;
      },
      1_000,
    );
  }

  /** The pods that stand in nobody's place yet, and why not. */
  async function whyNot(waiting: readonly Workload[]): Promise<string> {
    const names = waiting.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    const { items } = await cluster.get<{ items: Pod[] }>("pods", "--all-namespaces");
    const reasons = items.flatMap(({ metadata, status }) =>
      (status.conditions ?? [])
        .filter(({ type, status: is }) => type === "PodScheduled" && is === "False")
        .map(({ message }) => `${metadata.namespace}/${metadata.name}: ${message}`),
    );
    return [...names, ...reasons].join("\n");
  }
});

interface Server {
  readonly name: string;
  readonly serverType: ServerTypeName;
  readonly location: string;
}

/** A server with what it leaves to pods. */
function serverNode({ name, serverType, location }: Server): SimulatedNode {
  const { cpuMillis, memoryMib } = allocatable(SERVER_TYPES[serverType]);
  return {
    name,
    open: true,
    labels: {
      "kubernetes.io/arch": SERVER_TYPES[serverType].architecture,
      "topology.kubernetes.io/region": location,
      "topology.kubernetes.io/zone": location,
    },
    room: { cpu: `${cpuMillis}m`, memory: `${memoryMib}Mi` },
  };
}

interface Named {
  readonly name: string;
  readonly namespace: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
}

interface Workload {
  readonly kind: string;
  readonly metadata: Named;
  readonly spec: { readonly replicas?: number };
  readonly status: {
    readonly readyReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface Pod {
  readonly metadata: Named;
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

const isReady = ({ kind, spec, status }: Workload) =>
  kind === "Job"
    ? status.conditions?.some(({ type, status: is }) => type === "Complete" && is === "True") === true
    : (status.readyReplicas ?? 0) === (spec.replicas ?? 1);
