import type { Placement } from "./placement";
import { fits, NOTHING, plus, type Room, times, type Workload } from "./requests";

/** What a preview says about the cluster's room. */
export interface CapacityReport {
  /** Requests against what the servers have, whole and with one server lost. */
  readonly facts: readonly string[];
  /** What will wait after the loss of a server. */
  readonly warnings: readonly string[];
  /** What can never be scheduled. */
  readonly problems: readonly string[];
}

/** @param lowering The settings that lower the pods' requests. */
export function capacityReport(
  placed: Placement,
  quotas: readonly QuotaUse[],
  lowering: string,
): CapacityReport {
  const remedy = `Add servers or choose a larger type (target.servers), or ask for less (${lowering}, fewer replicas)`;
  const { servers, asked, room, waiting, never, lost } = placed;
  const full = lost.filter((each) => each.waiting.length > 0);
  const worst = [...lost].sort((a, b) => a.room.memoryMib - b.room.memoryMib)[0];
  const jobs = never.filter(({ kind }) => kind !== "Deployment");
  const standby = never.filter(({ kind }) => kind === "Deployment");
  return {
    facts: [
      `capacity: pods ask for ${ofRoom(asked, room)} on ${counted(servers.length, "server")}` +
        (worst ? `; with ${worst.name} lost, for ${ofRoom(worst.asked, worst.room)}` : ""),
      ...standby.map(
        (each) =>
          `capacity: ${each.namespace}/${each.name} asks for ${said(each.requests)} when people start it, and no server has that: scale something down first`,
      ),
    ],
    warnings: [
      ...full.map(
        ({ name, waiting: pods }) =>
          `capacity: if ${name} is lost, ${distinct(pods)} wait for it: the other servers are full. ${remedy}`,
      ),
    ],
    problems: [
      ...(waiting.length > 0
        ? [`pods ask for ${ofRoom(asked, room)}, and ${distinct(waiting)} fit on no server. ${remedy}`]
        : []),
      ...(jobs.length > 0
        ? [
            `no server has room for ${jobs.map(described).join(", or for ")}, beside the pods that run all the time. ${remedy}`,
          ]
        : []),
      ...quotas
        .filter(({ asked: wanted, quota }) => !fits(wanted, quota))
        .map(
          ({ namespace, asked: wanted, quota }) =>
            `the pods of namespace ${namespace} ask for ${ofRoom(wanted, quota)} of its quota. Ask for less with ${lowering} or fewer replicas`,
        ),
    ],
  };
}

/** What a namespace's pods ask for, its largest Job included, against its quota. */
export interface QuotaUse {
  readonly namespace: string;
  readonly asked: Room;
  readonly quota: Room;
}

export function quotaUses(
  workloads: readonly Workload[],
  quotas: Readonly<Record<string, Room>>,
): QuotaUse[] {
  return Object.entries(quotas).map(([namespace, quota]) => {
    const own = workloads.filter((each) => each.namespace === namespace);
    const running = own.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");
    const most = (pick: (room: Room) => number) => Math.max(0, ...own.map(({ requests }) => pick(requests)));
    const largest = { cpuMillis: most((each) => each.cpuMillis), memoryMib: most((each) => each.memoryMib) };
    const asked = running.map(({ requests, replicas }) => times(requests, replicas)).reduce(plus, NOTHING);
    return { namespace, asked: plus(asked, largest), quota };
  });
}

const described = ({ kind, namespace, name, requests }: Workload) =>
  `${kind} ${namespace}/${name} (${said(requests)})`;
const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
const cores = ({ cpuMillis }: Room) => (cpuMillis / 1000).toFixed(1);
const gib = ({ memoryMib }: Room) => (memoryMib / 1024).toFixed(1);
const said = (room: Room) => `${cores(room)} cores and ${gib(room)} GiB`;
const ofRoom = (asked: Room, room: Room) =>
  `${cores(asked)} of ${cores(room)} cores and ${gib(asked)} of ${gib(room)} GiB`;

function distinct(names: readonly string[]): string {
  return [...new Set(names)]
    .map((name) => [name, names.filter((each) => each === name).length] as const)
    .map(([name, count]) => (count > 1 ? `${count} pods of ${name}` : `a pod of ${name}`))
    .join(", ");
}
