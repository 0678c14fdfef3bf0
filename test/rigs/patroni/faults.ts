import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../../../components/data/postgres";
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
  /** Patroni's timing. */
  readonly clock: Clock;
  /** Resolves when a row that is sent from now on has been acknowledged. */
  readonly writesFlow: () => Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** What happens, for people. */
  readonly title: string;
  /** The longest time without writes that is promised, in seconds; as a median over rounds. */
  goal(clock: Clock): number;
  /**
   * Where the leader is cut off: how long it may still answer reads as the primary, in seconds since the fault began.
   */
  demotion?(clock: Clock): number;
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
const longerThanLease = ({ ttl }: Clock) => wait((ttl + 6) * 1000);

/** The lease, and the promotion afterwards. */
const lease = ({ ttl }: Clock) => ttl + 3;

/** The same where the others wait in vain for the vote of a member that does not refuse, but keeps silent. */
const leaseAndVote = ({ ttl }: Clock) => ttl + 6;

const ETCD_CLIENTS = 2379;

const leaderKilled: Fault = {
  name: "leader-killed",
  title: "leader killed, Patroni and PostgreSQL at once",
  goal: lease,
  limit: "the lease in etcd",
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
  goal: leaseAndVote,
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
  goal: () => 4,
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
  goal: leaseAndVote,
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
  goal: () => 3,
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
  goal: () => 1,
  limit: "nothing: the others answer, and Patroni asks another",
  leaderChanges: false,
  async strike({ cluster, clock }) {
    await cluster.etcd.machines[0].powerOff();
    await longerThanLease(clock);
  },
  async mend({ cluster }) {
    await cluster.etcd.machines[0].powerOn();
    await cluster.etcd.settled();
  },
};

const etcdAway: Fault = {
  name: "etcd-away",
  title: "all etcd members stopped for a minute",
  goal: () => 1,
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
  goal: () => 1,
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

const replicaMoved: Fault = {
  name: "replica-moved",
  title: "a replica's pod replaced: a new address, and packets to the former one vanish",
  goal: () => 1,
  limit: "nothing: a commit waits for whichever replica answers first",
  leaderChanges: false,
  async strike({ cluster, leader, filter }) {
    const replica = cluster.members.find((member) => member !== leader);
    if (!replica) throw new Error("there is no replica");
    await replica.kill();
    filter.drop(toAddress(replica.address));
    replica.moveTo(replica.address.replace(/\.(\d+)$/, (_, last) => `.${Number(last) + 10}`));
    replica.start();
    await eventually("the replica at its new address", 90_000, async () =>
      (await cluster.reported()).some(({ host, state }) => host === replica.address && state === "streaming"),
    );
  },
  async mend({ filter }) {
    filter.clear();
  },
};

const cutFromEtcd: Fault = {
  name: "leader-cut-from-etcd",
  title: "the network between leader and etcd cut",
  goal: () => 1,
  limit: "nothing: in failsafe mode the members vouch for the leader that they still see",
  leaderChanges: false,
  async strike({ leader, filter, clock }) {
    filter.drop(sentBy(leader.group), toPorts(ETCD_CLIENTS));
    await longerThanLease(clock);
  },
  async mend({ filter }) {
    filter.clear();
  },
};

const leaderIsolated: Fault = {
  name: "leader-isolated",
  title: "leader cut from etcd and the members, not from clients; back with a diverged timeline",
  goal: leaseAndVote,
  demotion: ({ ttl }) => ttl,
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

const dnsDead: Fault = {
  name: "dns-dead",
  title: "DNS dead: nobody answers a query",
  goal: () => 1,
  limit: "nothing: members know each other by address",
  leaderChanges: false,
  async strike({ cluster, clock }) {
    cluster.names.fallSilent();
    await longerThanLease(clock);
  },
  async mend({ cluster }) {
    cluster.names.answerAgain();
  },
  aftermath: askedNothing,
};

const dnsDiesWithLeader: Fault = {
  ...nodeLost,
  name: "dns-dies-with-leader",
  title: "DNS dies with the leader's server, and is back when that member is",
  async strike(scene) {
    scene.cluster.names.fallSilent();
    await nodeLost.strike(scene);
  },
  async mend(scene) {
    await nodeLost.mend(scene);
    await scene.cluster.settled();
    scene.cluster.names.answerAgain();
  },
  aftermath: askedNothing,
};

const isolatedWithoutDns: Fault = {
  ...leaderIsolated,
  name: "leader-isolated-dns-dead",
  title: "leader cut from etcd, the members and DNS, not from clients",
  async strike(scene) {
    scene.cluster.names.fallSilent();
    await leaderIsolated.strike(scene);
  },
  async mend(scene) {
    await leaderIsolated.mend(scene);
    scene.cluster.names.answerAgain();
  },
  aftermath(scene, log) {
    leaderIsolated.aftermath?.(scene, log);
    askedNothing(scene);
  },
};

/** Members that never ask DNS for anything depend on no answer. */
function askedNothing({ cluster }: Scene): void {
  const asked = [...new Set(cluster.names.asked)];
  if (asked.length > 0) throw new Error(`members asked DNS for ${asked.join(", ")}`);
}

/** Of members, of their servers and of etcd. */
export const PROGRAM_FAULTS: readonly Fault[] = [
  leaderKilled,
  nodeLost,
  postgresKilled,
  leaderFrozen,
  switchover,
  etcdMemberKilled,
  etcdAway,
  replicaKilled,
  replicaMoved,
];

export const NETWORK_FAULTS: readonly Fault[] = [
  cutFromEtcd,
  leaderIsolated,
  dnsDead,
  dnsDiesWithLeader,
  isolatedWithoutDns,
];

export const FAULTS: readonly Fault[] = [...PROGRAM_FAULTS, ...NETWORK_FAULTS];

/** Those whose outage is the lease, and during which a leader may be left over: for another clock than the default. */
export const LEASE_FAULTS: readonly Fault[] = [leaderKilled, leaderFrozen, isolatedWithoutDns];
