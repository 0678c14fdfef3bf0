/** CPU in thousandths of a core, and memory in MiB. */
export interface Room {
  readonly cpuMillis: number;
  readonly memoryMib: number;
}

export const NOTHING: Room = { cpuMillis: 0, memoryMib: 0 };

export const plus = (a: Room, b: Room): Room => ({
  cpuMillis: a.cpuMillis + b.cpuMillis,
  memoryMib: a.memoryMib + b.memoryMib,
});

export const times = (room: Room, count: number): Room => ({
  cpuMillis: room.cpuMillis * count,
  memoryMib: room.memoryMib * count,
});

export const minus = (a: Room, b: Room): Room => plus(a, times(b, -1));

export const fits = (asked: Room, free: Room): boolean =>
  asked.cpuMillis <= free.cpuMillis && asked.memoryMib <= free.memoryMib;

/** Pods of one Deployment, StatefulSet, DaemonSet, Job or CronJob. */
export interface Workload {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob";
  readonly namespace: string;
  readonly name: string;
  /** Number of pods; of a DaemonSet, Job or CronJob one. */
  readonly replicas: number;
  /** What each pod asks for. */
  readonly requests: Room;
  /** Whether no two of its pods may share a server. */
  readonly apart: boolean;
}

/** A quantity of CPU such as 250m or 2, in thousandths of a core. */
export function cpuMillis(quantity: string): number {
  const number = Number(quantity.replace(/m$/, ""));
  if (!Number.isFinite(number)) throw new Error(`${quantity} is no quantity of CPU`);
  return quantity.endsWith("m") ? number : number * 1000;
}

const UNITS: Readonly<Record<string, number>> = { Ki: 1 / 1024, Mi: 1, Gi: 1024, Ti: 1024 * 1024 };

/** A quantity of memory such as 512Mi, in MiB. */
export function memoryMib(quantity: string): number {
  const unit = UNITS[quantity.slice(-2)];
  const number = Number(unit === undefined ? quantity : quantity.slice(0, -2));
  if (!Number.isFinite(number)) throw new Error(`${quantity} is no quantity of memory`);
  return unit === undefined ? number / 1024 / 1024 : number * unit;
}
