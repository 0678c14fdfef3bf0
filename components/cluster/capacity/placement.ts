import { fits, minus, NOTHING, plus, type Room, times, type Workload } from "./requests";

/** A server that runs pods, and what it leaves to them. */
export interface Server {
  readonly name: string;
  readonly room: Room;
}

/** What the pods ask for, and where they find room. */
export interface Placement {
  readonly servers: readonly Server[];
  /** The sum of all pods that run all the time. */
  readonly asked: Room;
  /** The sum of the servers' room. */
  readonly room: Room;
  /** Pods that run all the time and fit on no server, by the name of their workload. */
  readonly waiting: readonly string[];
  /** Jobs, and Deployments that people scale up, of which not one pod fits beside those that run all the time. */
  readonly never: readonly Workload[];
  /** The same with each server lost; empty with one server. */
  readonly lost: readonly LostServer[];
}

export interface LostServer {
  readonly name: string;
  /** What is asked for of the servers that are left. Pods whose volume was on the lost server are not counted. */
  readonly asked: Room;
  readonly room: Room;
  /** Pods of the lost server that find no room on the others. */
  readonly waiting: readonly string[];
}

interface Pod {
  readonly workload: Workload;
  readonly server: string;
}

const title = ({ kind, namespace, name }: Workload) => `${kind} ${namespace}/${name}`;
const sum = (rooms: readonly Room[]) => rooms.reduce(plus, NOTHING);

/** Places pods as Kubernetes' scheduler does: one after the other, each on the emptiest server that may take it. */
export function placement(servers: readonly Server[], workloads: readonly Workload[]): Placement {
  const everywhere = workloads.filter(({ kind }) => kind === "DaemonSet");
  const running = workloads
    .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
    .sort((a, b) => b.requests.memoryMib - a.requests.memoryMib);
  const board = new Board(servers, sum(everywhere.map(({ requests }) => requests)));
  const waiting = running.flatMap((each) =>
    Array.from({ length: each.replicas }, () => board.place(each)).flatMap((placed) =>
      placed ? [] : [title(each)],
    ),
  );
  const occasional = workloads.filter(
    ({ kind, replicas }) => kind === "Job" || kind === "CronJob" || (kind === "Deployment" && replicas === 0),
  );
  return {
    servers,
    asked: plus(
      sum(running.map(({ requests, replicas }) => times(requests, replicas))),
      times(sum(everywhere.map(({ requests }) => requests)), servers.length),
    ),
    room: sum(servers.map(({ room }) => room)),
    waiting,
    never: occasional.filter((each) => !board.couldPlace(each)),
    lost: servers.length > 1 ? servers.map(({ name }) => board.without(name)) : [],
  };
}

class Board {
  readonly #pods: Pod[] = [];

  constructor(
    readonly servers: readonly Server[],
    readonly everywhere: Room,
    pods: readonly Pod[] = [],
  ) {
    this.#pods.push(...pods);
  }

  /** Returns whether there was room. */
  place(workload: Workload): boolean {
    const server = this.#serverFor(workload);
    if (server) this.#pods.push({ workload, server: server.name });
    return server !== undefined;
  }

  couldPlace(workload: Workload): boolean {
    return this.#serverFor(workload) !== undefined;
  }

  without(lost: string): LostServer {
    const left = this.servers.filter(({ name }) => name !== lost);
    const board = new Board(
      left,
      this.everywhere,
      this.#pods.filter(({ server }) => server !== lost),
    );
    const moving = this.#pods.filter(
      ({ server, workload }) => server === lost && workload.kind === "Deployment",
    );
    const waiting = moving.flatMap(({ workload }) => (board.place(workload) ? [] : [title(workload)]));
    return {
      name: lost,
      asked: plus(
        sum([...this.#pods.filter(({ server }) => server !== lost), ...moving].map(requestsOf)),
        times(this.everywhere, left.length),
      ),
      room: sum(left.map(({ room }) => room)),
      waiting,
    };
  }

  #serverFor(workload: Workload): Server | undefined {
    const candidates = this.servers
      .map((server) => ({ server, free: this.#free(server), alike: this.#alike(server, workload) }))
      .filter(({ free, alike }) => fits(workload.requests, free) && !(workload.apart && alike > 0))
      .sort((a, b) => a.alike - b.alike || b.free.memoryMib - a.free.memoryMib);
    return candidates[0]?.server;
  }

  #free({ name, room }: Server): Room {
    const used = sum(this.#pods.filter(({ server }) => server === name).map(requestsOf));
    return minus(minus(room, this.everywhere), used);
  }

  #alike({ name }: Server, workload: Workload): number {
    return this.#pods.filter((pod) => pod.server === name && pod.workload === workload).length;
  }
}

const requestsOf = ({ workload }: Pod): Room => workload.requests;
