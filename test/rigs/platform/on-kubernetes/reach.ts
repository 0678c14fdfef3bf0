import { restrictedContainer, restrictedPod } from "../../../../components/shared/pods";
import { BUSYBOX_IMAGE, type Cluster } from "../../kubernetes";
import { eventually } from "../../waiting";

const PATIENCE_MS = 300_000;

/** Who asks: a pod with the node's own address, as its kubelet has; one of DataSurface; one that nobody knows. */
const ASKERS = { node: "kube-system", friend: "datasurface", stranger: "default" } as const;
type Asker = keyof typeof ASKERS;

/** Every address at which pods and Services of namespaces say that they listen. */
export async function declaredAddresses(cluster: Cluster, namespaces: readonly string[]): Promise<string[]> {
  const { items } = await cluster.get<{ items: Listening[] }>("pods,services", "--all-namespaces");
  const theirs = items.filter(({ metadata }) => namespaces.includes(metadata.namespace));
  return [...new Set(theirs.flatMap(addressesOf))].sort();
}

/** Starts the pods that ask, and waits until network policies know them: the one that may is let in by then. */
export async function startAskers(cluster: Cluster, open: string): Promise<void> {
  const askers: Asker[] = ["node", "stranger", "friend"];
  await cluster.apply(askers.map(askingPod));
  for (const asker of askers) await cluster.waitForPhase(ASKERS[asker], asker, "Running");
  await eventually(`a friend reaches ${open}`, PATIENCE_MS, async () => {
    return (await reachedBy(cluster, "friend", [open])).length === 1;
  });
}

/** Those of the addresses to which a pod gets a connection. */
export async function reachedBy(
  cluster: Cluster,
  asker: Asker,
  addresses: readonly string[],
): Promise<string[]> {
  const ask = 'nc -w 5 "${each%:*}" "${each#*:}" < /dev/null > /dev/null 2>&1 && echo "$each"';
  const script = `for each; do ${ask}; done; echo end`;
  const said = await cluster.ask(ASKERS[asker], asker, "main", ["sh", "-c", script, "sh", ...addresses]);
  return said.split("\n").slice(0, -1).sort();
}

export async function endAskers(cluster: Cluster): Promise<void> {
  for (const [asker, namespace] of Object.entries(ASKERS)) {
    await cluster.run(["delete", "pod", asker, "--namespace", namespace, "--ignore-not-found"]);
  }
}

const askingPod = (asker: Asker) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: asker, namespace: ASKERS[asker] },
  spec: {
    hostNetwork: asker === "node",
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: restrictedPod(1000),
    containers: [
      {
        name: "main",
        image: BUSYBOX_IMAGE,
        securityContext: restrictedContainer,
        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
      },
    ],
  },
});

/** As much of a pod or a Service as says where it listens. */
interface Listening {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly ports?: readonly Port[];
    readonly containers?: readonly { readonly ports?: readonly Port[] }[];
  };
  readonly status: { readonly phase?: string; readonly podIP?: string };
}

interface Port {
  readonly port?: number;
  readonly containerPort?: number;
  readonly protocol?: string;
}

function addressesOf({ spec, status }: Listening): string[] {
  const host = status.phase === "Running" ? status.podIP : spec.clusterIP;
  if (!host || host === "None") return [];
  const ports = [...(spec.ports ?? []), ...(spec.containers ?? []).flatMap(({ ports = [] }) => ports)];
  return ports
    .filter(({ protocol = "TCP" }) => protocol === "TCP")
    .map(({ port, containerPort }) => `${host}:${port ?? containerPort}`);
}
