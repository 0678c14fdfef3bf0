import { setTimeout as wait } from "node:timers/promises";
import {
  fromAddress,
  fromPorts,
  type PacketFilter,
  sentBy,
  toAddress,
  toPorts,
} from "../machine/packet-filter";
import { eventually } from "../waiting";
import type { PatroniCluster } from "./cluster";
import type { PatroniMember } from "./member";

/** What a fault finds when it strikes a settled cluster. */
export interface Scene {
  readonly cluster: PatroniCluster;
  readonly leader: PatroniMember;
  readonly filter: PacketFilter;
  /** Resolves when a row that is sent from now on has been acknowledged. */
  readonly writesFlow: () => Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** What happens, for people. */
  readonly title: string;
  /** The longest time without writes that is promised, in seconds; as a median over rounds. */
  readonly goal: number;
  /** What decides how long it takes. */
  readonly limit: string;
  /** Whether another member leads afterwards, for certain. */
  readonly leaderChanges: boolean;
  /** Strikes, and resolves when the fault has done what it can do while it lasts. */
  strike(scene: Scene): Promise<void>;
  /** Ends the fault. */
  mend(scene: Scene): Promise<void>;
  /** What must be true besides, once the cluster has settled again. */
  aftermath?(scene: Scene, log: (member: PatroniMember) => string): void;
}

/** Whatever was going to happen without etcd has happened by then. */
const LONGER_THAN_TTL_MS = 18_000;
const ETCD_CLIENTS = 2379;

const leaderKilled: Fault = {
  name: "leader-killed",
  title: "leader killed, Patroni and PostgreSQL at once",
  goal: 20,
  limit: "the lease in etcd (ttl 12 s)",
  leaderChanges: true,
  async strike({ leader, writesFlow }) {
    await leader.kill();
    await writesFlow();
  },
  async mend({ leader }) {
    leader.start();
  },
};

const nodeLost: Fault = {
  ...leaderKilled,
  name: "node-lost",
  title: "leader's server lost: killed, and its packets vanish",
  limit: "the lease, then 2 s in which the others wait for the dead one's vote",
  async strike({ leader, filter, writesFlow }) {
    const { postgres, rest } = leader.ports;
    filter.drop(toPorts(postgres, rest));
    filter.drop(fromPorts(postgres, rest));
    filter.drop(sentBy(leader.group));
    await leader.kill();
    await writesFlow();
  },
  async mend({ leader, filter }) {
    filter.clear();
    leader.start();
  },
};

const postgresKilled: Fault = {
  name: "postgres-killed",
  title: "PostgreSQL alone killed, Patroni stays",
  goal: 4,
  limit: "Patroni's loop (1 s), then the start with recovery in place",
  leaderChanges: false,
  async strike({ leader, writesFlow }) {
    leader.killPostgres();
    await writesFlow();
  },
  async mend() {},
};

const leaderFrozen: Fault = {
  name: "leader-frozen",
  title: "leader frozen (SIGSTOP), and thawed when another leads",
  goal: 20,
  limit: "the lease, then 2 s in which the others wait for the frozen one's vote",
  leaderChanges: true,
  async strike({ leader, writesFlow }) {
    leader.freeze();
    await writesFlow();
  },
  async mend({ leader }) {
    leader.thaw();
  },
};

const switchover: Fault = {
  name: "switchover",
  title: "planned switchover",
  goal: 3,
  limit: "shutdown and promotion, then 2 s in which the other replica waits for the old leader's vote",
  leaderChanges: true,
  async strike({ cluster, leader, writesFlow }) {
    const candidate = (await cluster.replicas())[0];
    if (!candidate) throw new Error("there is nobody to switch over to");
    await cluster.switchover(leader, candidate);
    await writesFlow();
  },
  async mend() {},
};

const etcdMemberKilled: Fault = {
  name: "etcd-member-killed",
  title: "one of three etcd members killed",
  goal: 1,
  limit: "nothing: the others answer, and Patroni asks another",
  leaderChanges: false,
  async strike({ cluster }) {
    await cluster.etcd.machines[0].powerOff();
    await wait(LONGER_THAN_TTL_MS);
  },
  async mend({ cluster }) {
    await cluster.etcd.machines[0].powerOn();
    await cluster.etcd.settled();
  },
};

const etcdAway: Fault = {
  name: "etcd-away",
  title: "all etcd members stopped for a minute",
  goal: 1,
  limit: "nothing: in failsafe mode the leader asks the members, and goes on",
  leaderChanges: false,
  async strike({ cluster }) {
    await Promise.all(cluster.etcd.machines.map((machine) => machine.powerOff()));
    await wait(60_000);
  },
  async mend({ cluster }) {
    await Promise.all(cluster.etcd.machines.map((machine) => machine.powerOn()));
    await cluster.etcd.settled();
  },
};

const replicaKilled: Fault = {
  name: "replica-killed",
  title: "a replica killed, and started again",
  goal: 1,
  limit: "nothing: a commit waits for whichever replica answers first",
  leaderChanges: false,
  async strike({ cluster, leader, writesFlow }) {
    const replica = cluster.members.find((member) => member !== leader);
    await replica?.kill();
    await writesFlow();
    // Until the leader has struck it off, and still goes on.
    await eventually("a cluster of two", 60_000, async () => (await cluster.reported()).length === 2);
    await writesFlow();
  },
  async mend({ cluster }) {
    for (const member of cluster.members) if (!member.isRunning) member.start();
  },
};

const cutFromEtcd: Fault = {
  name: "leader-cut-from-etcd",
  title: "the network between leader and etcd cut",
  goal: 1,
  limit: "nothing: in failsafe mode the members vouch for the leader that they still see",
  leaderChanges: false,
  async strike({ leader, filter }) {
    filter.drop(sentBy(leader.group), toPorts(ETCD_CLIENTS));
    await wait(LONGER_THAN_TTL_MS);
  },
  async mend({ filter }) {
    filter.clear();
  },
};

const leaderIsolated: Fault = {
  name: "leader-isolated",
  title: "leader cut from etcd and the members, not from clients; back with a diverged timeline",
  goal: 20,
  limit: "the lease, then 2 s in which the others wait for the lost one's vote",
  leaderChanges: true,
  async strike({ cluster, leader, filter, writesFlow }) {
    const others = cluster.members.filter((member) => member !== leader);
    filter.drop(sentBy(leader.group), toPorts(ETCD_CLIENTS));
    filter.drop(toAddress(leader.address));
    filter.drop(fromAddress(leader.address));
    for (const { address } of others) filter.drop(sentBy(leader.group), toAddress(address));
    // What only the old leader has: it waits for no replica, and so no client is promised anything.
    cluster.psql(
      leader,
      "SET synchronous_commit TO local; CREATE TABLE diverged AS SELECT generate_series(1, 1000)",
    );
    await eventually("another leader", 60_000, async () => {
      const answers = await Promise.all(others.map((member) => member.ask("/primary")));
      return answers.some(({ status }) => status === 200);
    });
    await writesFlow();
  },
  async mend({ filter }) {
    filter.clear();
  },
  aftermath({ leader, cluster }, log) {
    if (!log(leader).includes("pg_rewind")) throw new Error(`${leader.name} came back without a rewind`);
    const left = cluster.psql(leader, "SELECT count(*) FROM pg_class WHERE relname = 'diverged'").trim();
    if (left !== "0") throw new Error(`${leader.name} kept what nobody else has`);
  },
};

export const FAULTS: readonly Fault[] = [
  leaderKilled,
  nodeLost,
  postgresKilled,
  leaderFrozen,
  switchover,
  etcdMemberKilled,
  etcdAway,
  replicaKilled,
  cutFromEtcd,
  leaderIsolated,
];
