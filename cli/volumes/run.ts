import { setTimeout } from "node:timers/promises";
import { UserError } from "../../components/shared/user-error";
import { Cluster } from "../shared/cluster-access";
import { type Given, PROGRAM } from "../shared/command";
import { groupBy } from "../shared/grouping";
import { UsageError } from "../shared/usage-error";
import { type Copies, copiesIn } from "./copies";
import { type LostVolume, lostVolumes, observed } from "./lost-volumes";

const BETWEEN_LOOKS_MS = 2_000;

type VolumesCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--json": string;
}>;

/** Runs `trellis volumes` and returns its exit code: 1 if volumes are lost. */
export function run({ words, flags }: VolumesCommandLine): Promise<number> {
  const [verb, what, ...rest] = words;
  if (verb !== undefined && (verb !== "renew" || what === undefined || rest.length > 0)) {
    throw new UsageError(
      `given ${words.join(" ")}; allowed: nothing, renew <node>, or renew <namespace>/<claim>`,
    );
  }
  return Cluster.use(flags, async (cluster) => {
    const lost = lostIn(cluster);
    if (what === undefined) return list(lost, flags.json === true);
    await renew(cluster, chosen(lost, what));
    return 0;
  });
}

function lostIn(cluster: Cluster): LostVolume[] {
  const get = (words: readonly string[]): unknown =>
    JSON.parse(cluster.kubectl(["get", ...words, "--output", "json"]));
  return lostVolumes({
    nodes: observed.nodes.parse(get(["nodes"])),
    volumes: observed.volumes.parse(get(["persistentvolumes"])),
    pods: observed.pods.parse(get(["pods", "--all-namespaces"])),
    events: observed.events.parse(
      get(["events", "--all-namespaces", "--field-selector", "reason=FailedMount"]),
    ),
  });
}

function list(lost: readonly LostVolume[], json: boolean): number {
  if (json) {
    process.stdout.write(`${JSON.stringify(lost, undefined, 2)}\n`);
  } else if (lost.length === 0) {
    process.stdout.write("no pod waits for a volume that is lost\n");
  } else {
    for (const volume of lost) process.stdout.write(`${sentence(volume)}\n`);
    const nodes = new Set(lost.filter(({ nodeIsNewer }) => nodeIsNewer).map(({ node }) => node));
    for (const node of nodes) process.stdout.write(`next: ${PROGRAM} volumes renew ${node}\n`);
  }
  return lost.length === 0 ? 0 : 1;
}

const nameOf = ({ namespace, claim }: LostVolume) => `${namespace}/${claim}`;

function sentence(volume: LostVolume): string {
  const since = volume.nodeIsNewer
    ? "the server was replaced after the volume was made"
    : "the server is the one on which the volume was made: is a disk not mounted?";
  return `${nameOf(volume)} is lost: ${volume.path} does not exist on ${volume.node}; ${since}`;
}

/** The lost volumes that a user's word means. */
function chosen(lost: readonly LostVolume[], what: string): LostVolume[] {
  if (what.includes("/")) {
    const volume = lost.find((each) => nameOf(each) === what);
    if (volume) return [volume];
    throw new UserError(
      `${what} is not lost: no pod waits for it because its folder does not exist. Lost: ${lost.map(nameOf).join(", ") || "none"}`,
    );
  }
  const onNode = lost.filter(({ node }) => node === what);
  if (onNode.length === 0) {
    const others = [...new Set(lost.map(({ node }) => node))].join(", ");
    throw new UserError(
      `no pod waits for a lost volume of ${what}; servers with lost volumes: ${others || "none"}`,
    );
  }
  const unsure = onNode.filter(({ nodeIsNewer }) => !nodeIsNewer);
  if (unsure.length > 0) {
    throw new UserError(
      `${unsure.map(sentence).join("\n")}\nMount the disk. If the data is gone for good, renew each claim by its name`,
    );
  }
  return onNode;
}

async function renew(cluster: Cluster, lost: readonly LostVolume[]): Promise<void> {
  const systems = copiesIn(cluster);
  const left: LostVolume[] = [];
  for (const volumes of groupBy(lost, ({ namespace, pod }) => `${namespace}/${pod}`).values()) {
    const [first] = volumes;
    const copies = first && systems[first.app]?.(first.namespace);
    if (copies) await renewPod(cluster, volumes, copies);
    else left.push(...volumes);
  }
  if (left.length === 0) return;
  throw new UserError(
    `${left.map(nameOf).join(", ")}: no other pod has a copy of this data, so it is lost with the server. ` +
      `To continue with an empty volume: ${left.map(emptied).join("; ")}. ` +
      "For a member of etcd, read docs/runbooks/etcd.md first",
  );
}

const emptied = ({ namespace, claim, pod }: LostVolume) =>
  `kubectl -n ${namespace} delete pvc ${claim} --wait=false && kubectl -n ${namespace} delete pod ${pod}`;

/** Renews the lost volumes of one pod, which starts only when it has all of them. */
async function renewPod(cluster: Cluster, lost: readonly LostVolume[], copies: Copies): Promise<void> {
  const [first] = lost;
  if (!first) return;
  const { namespace, pod } = first;
  const refusal = copies.refusal(pod);
  if (refusal) throw new UserError(`${nameOf(first)} is not renewed: ${refusal}. See ${copies.runbook}`);

  const began = performance.now();
  empty(cluster, lost);
  say(`${lost.map(nameOf).join(", ")}: deleted, and ${pod} with it; ${copies.name} fills what is new`);
  for (let last: string | undefined; ; ) {
    await setTimeout(BETWEEN_LOOKS_MS);
    const lacks = look(() => {
      // Kubelet may report a pod's second volume only after its first.
      const more = lostIn(cluster).filter((each) => each.namespace === namespace && each.pod === pod);
      empty(cluster, more);
      if (more.length > 0) say(`${more.map(nameOf).join(", ")}: lost as well, and deleted`);
      return lackOf(cluster, first, copies);
    });
    if (lacks === undefined) break;
    if (lacks !== last) say(`${pod}: ${lacks}`);
    last = lacks;
  }
  say(`${pod}: whole after ${Math.round((performance.now() - began) / 1000)} s`);
}

/** Deletes claims of one pod, and the pod, which holds them. Its StatefulSet makes all of them again. */
function empty(cluster: Cluster, lost: readonly LostVolume[]): void {
  for (const { namespace, claim } of lost) {
    cluster.kubectl(["delete", "persistentvolumeclaim", claim, "--namespace", namespace, "--wait=false"]);
  }
  for (const { namespace, pod } of lost.slice(0, 1)) {
    cluster.kubectl(["delete", "pod", pod, "--namespace", namespace, "--ignore-not-found"]);
  }
}

/** A failed look is no reason to give up: the API server may be away for a moment. */
function look(work: () => string | undefined): string | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) return `cannot be asked now: ${error.message}`;
    throw error;
  }
}

/** What a pod with renewed volumes lacks: first that it is ready, then the data. */
function lackOf(cluster: Cluster, { namespace, pod }: LostVolume, copies: Copies): string | undefined {
  const ready = cluster.kubectl([
    ...["get", "pod", pod, "--namespace", namespace, "--ignore-not-found", "--output"],
    'jsonpath={.metadata.deletionTimestamp}{.status.conditions[?(@.type=="Ready")].status}',
  ]);
  const lacks = copies.lacks(pod);
  return ready === "True" ? lacks : (lacks ?? `${pod} is not ready yet`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
