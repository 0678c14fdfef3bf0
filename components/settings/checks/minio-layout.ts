/** How MinIO's drives lie: so many pods with so many drives each, and so many of an object's shards are parity. */
export interface DriveLayout {
  readonly pods: number;
  readonly drivesPerPod: number;
  readonly parity: number;
}

/** What the loss of one node with so many pods leaves. */
export interface NodeLoss {
  readonly pods: number;
  readonly drivesLeft: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** MinIO cuts more drives than these into several sets, each judged for itself; we keep to one. */
export const MOST_DRIVES = 16;

export const drivesOf = ({ pods, drivesPerPod }: DriveLayout): number => pods * drivesPerPod;

/** An object can be read from as many shards as are not parity. */
export const readQuorum = (layout: DriveLayout): number => drivesOf(layout) - layout.parity;

/** It is written to as many, and to one more where data and parity are halves: two halves could each believe itself right. */
export function writeQuorum(layout: DriveLayout): number {
  const data = readQuorum(layout);
  return data === layout.parity ? data + 1 : data;
}

/** How many pods each node gets when they are spread evenly; nodes without any are left out. */
export function podsByNode(pods: number, nodes: number): number[] {
  const each = Math.floor(pods / nodes);
  return Array.from({ length: nodes }, (_, node) => each + (node < pods % nodes ? 1 : 0)).filter(
    (count) => count > 0,
  );
}

/** What is left after the loss of each kind of node, the one with the most pods first. */
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
 * The smallest layout whose reads and writes outlive any one of three nodes or more. With four pods one of three nodes
 * has two, so half of the drives, and half is never enough to write.
 */
export const KEEPS_WRITES: DriveLayout = { pods: 3, drivesPerPod: 2, parity: 2 };

/** The smallest whose reads outlive one of two nodes; no layout keeps writes there. */
export const KEEPS_READS: DriveLayout = { pods: 2, drivesPerPod: 2, parity: 2 };

/** `4 pods of 1 drive, EC:2` */
export function describeLayout({ pods, drivesPerPod, parity }: DriveLayout): string {
  return `${counted(pods, "pod")} of ${counted(drivesPerPod, "drive")}, EC:${parity}`;
}

/** `2 pods` */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
