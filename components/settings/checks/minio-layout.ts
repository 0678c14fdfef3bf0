/** The layout of MinIO's drives. It is permanent once deployed. */
export interface DriveLayout {
  /** The number of MinIO pods. */
  readonly pods: number;
  /** The drives of each pod. An object has one shard on each of all drives. */
  readonly drivesPerPod: number;
  /** How many of an object's shards are parity: so many drives may fail without losing it. */
  readonly parity: number;
}

/** What remains after the loss of one node. */
export interface NodeLoss {
  /** The number of MinIO pods on the lost node. */
  readonly pods: number;
  readonly drivesLeft: number;
  /** Whether objects can still be read. */
  readonly reads: boolean;
  /** Whether objects can still be written. */
  readonly writes: boolean;
}

/** MinIO splits more than 16 drives into several erasure sets with a quorum each. We allow a single set. */
export const MOST_DRIVES = 16;

export const drivesOf = ({ pods, drivesPerPod }: DriveLayout): number => pods * drivesPerPod;

/** A read needs as many drives as an object has data shards. */
export const readQuorum = (layout: DriveLayout): number => drivesOf(layout) - layout.parity;

/**
 * A write needs as many drives as a read, and one more if there are as many parity shards as data shards: otherwise two
 * halves of the drives could accept different writes.
 */
export function writeQuorum(layout: DriveLayout): number {
  const data = readQuorum(layout);
  return data === layout.parity ? data + 1 : data;
}

/** The number of pods on each node when they are spread evenly, without nodes that have none. */
function podsByNode(pods: number, nodes: number): number[] {
  const each = Math.floor(pods / nodes);
  return Array.from({ length: nodes }, (_, node) => each + (node < pods % nodes ? 1 : 0)).filter(
    (count) => count > 0,
  );
}

/** What remains after the loss of a node, for each number of pods that a node has; the largest number comes first. */
export function judgeLayout(layout: DriveLayout, nodes: number): NodeLoss[] {
  const kinds = [...new Set(podsByNode(layout.pods, nodes))];
  return kinds.map((pods) => {
    const drivesLeft = drivesOf(layout) - pods * layout.drivesPerPod;
    return {
      pods,
      drivesLeft,
      reads: drivesLeft >= readQuorum(layout),
      writes: drivesLeft >= writeQuorum(layout),
    };
  });
}

/**
 * The smallest layout that allows reads and writes after the loss of any one of three or more nodes. With four pods on
 * three nodes, one node has two pods: its loss leaves half of the drives, which is never enough for writes.
 */
export const KEEPS_WRITES: DriveLayout = { pods: 3, drivesPerPod: 2, parity: 2 };

/** The smallest layout that allows reads after the loss of one of two nodes. No layout allows writes then. */
export const KEEPS_READS: DriveLayout = { pods: 2, drivesPerPod: 2, parity: 2 };

/** `4 pods of 1 drive, EC:2` */
export function describeLayout({ pods, drivesPerPod, parity }: DriveLayout): string {
  return `${counted(pods, "pod")} of ${counted(drivesPerPod, "drive")}, EC:${parity}`;
}

/** `2 pods` */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
