import { CLOCKS } from "../../../components/data/postgres";
import { MEMBERS } from "../etcd/cluster";
import { PacketFilter } from "../machine/packet-filter";
import { eventually } from "../waiting";
import { PatroniCluster, type PatroniClusterOptions } from "./cluster";
import type { Fault, Scene } from "./faults";
import {
  type Acknowledged,
  createLedger,
  type Gap,
  LEDGER_SETUP,
  LedgerReader,
  type LedgerTarget,
  LedgerWriter,
  missingRows,
  secondLeaders,
} from "./ledger";
import { Stalls } from "./stalls";

/** A time that clients saw, in seconds. */
export interface Outage {
  readonly seconds: number;
  /** The part of it in which this machine stalled, for which a promise gets a reserve. */
  readonly stalled: number;
}

/** What clients saw of one fault. */
export interface Verdict {
  readonly fault: string;
  /** The longest time between two acknowledgements. */
  readonly withoutWrites: Outage;
  /** The same for reads from the replica port. */
  readonly withoutReads: Outage;
  /** How long the leader that was struck answered reads as the primary, in seconds since the fault began. */
  readonly readAsPrimary: Outage;
  /** The part of that in which another member had acknowledged rows already: reads from the past. */
  readonly staleReads: number;
  /** Rows acknowledged from the fault until the cluster had settled again. */
  readonly acknowledged: number;
  /** Acknowledged rows that are not there any more, of this fault and all before it. */
  readonly missing: readonly Acknowledged[];
  /** Acknowledgements by a leader after its successor's first. */
  readonly secondLeaders: readonly Acknowledged[];
  readonly leaderChanged: boolean;
}

/** HAProxy's way leads over the first two servers; at the third one a client meets the members themselves. */
const STRAIGHT = MEMBERS[2].address;

/**
 * A cluster with clients at work: one writes through HAProxy as fast as it is acknowledged, one reads there from the
 * replicas, and one writes straight to each member, to catch one that takes rows out of its turn.
 */
export class Trial {
  readonly cluster: PatroniCluster;
  readonly #filter = new PacketFilter();
  readonly #writer: LedgerWriter;
  readonly #reader: LedgerReader;
  readonly #straight: readonly LedgerWriter[];
  readonly #entrance: LedgerTarget;
  readonly #stalls = new Stalls();

  private constructor(cluster: PatroniCluster, entrance: LedgerTarget) {
    this.cluster = cluster;
    this.#entrance = entrance;
    this.#writer = new LedgerWriter("client", entrance, 2);
    this.#reader = new LedgerReader({ ...entrance, port: cluster.ports.replicas });
    this.#straight = cluster.members.map(
      ({ name, ports }) => new LedgerWriter(name, { ...entrance, host: STRAIGHT, port: ports.postgres }, 100),
    );
  }

  static async start(options: PatroniClusterOptions = {}): Promise<Trial> {
    const cluster = await PatroniCluster.start(options);
    const entrance = { host: cluster.address, port: cluster.ports.leader, authority: cluster.authority.cert };
    try {
      const leader = await cluster.settled();
      for (const statement of LEDGER_SETUP) cluster.psql(leader, statement);
      await createLedger(entrance);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return new Trial(cluster, entrance);
  }

  /** Strikes with one fault, mends it, and judges by what the clients were told. */
  async suffer(fault: Fault): Promise<Verdict> {
    const leader = await this.cluster.settled();
    await this.#writesFlow();
    const logs = new Map(this.cluster.members.map((member) => [member, member.log.length]));
    const scene: Scene = {
      cluster: this.cluster,
      leader,
      filter: this.#filter,
      clock: CLOCKS[this.cluster.failover],
      writesFlow: () => this.#writesFlow(),
    };
    const struck = new LedgerReader({ ...this.#entrance, host: STRAIGHT, port: leader.ports.postgres });
    const timeline = this.#writer.acknowledged.at(-1)?.timeline ?? 0;
    const begun = performance.now();
    const before = this.#writer.acknowledged.length;
    try {
      await fault.strike(scene);
    } finally {
      await fault.mend(scene);
    }
    const next = await this.cluster.settled();
    await this.#writesFlow();
    const ended = performance.now();
    await struck.stop();
    fault.aftermath?.(scene, (member) => member.log.slice(logs.get(member) ?? 0));
    const all = [this.#writer, ...this.#straight].flatMap(({ acknowledged }) => acknowledged);
    const lastAsPrimary = struck.lastByPrimary ?? begun;
    const successor = all.filter((row) => row.timeline > timeline).map(({ heard }) => heard);
    return {
      fault: fault.name,
      withoutWrites: this.#outage(this.#writer.longestGap(begun, ended)),
      withoutReads: this.#outage(this.#reader.longestGap(begun, ended)),
      readAsPrimary: this.#outage({
        from: begun,
        to: lastAsPrimary,
        seconds: (lastAsPrimary - begun) / 1000,
      }),
      staleReads: next === leader ? 0 : Math.max(0, lastAsPrimary - Math.min(...successor)) / 1000,
      acknowledged: this.#writer.acknowledged.length - before,
      missing: await missingRows(this.#entrance, all),
      secondLeaders: secondLeaders(all),
      leaderChanged: next !== leader,
    };
  }

  #outage({ from, to, seconds }: Gap): Outage {
    return { seconds, stalled: this.#stalls.between(from, to) };
  }

  async stop(): Promise<void> {
    this.#stalls.stop();
    this.#filter.clear();
    await Promise.all([this.#writer, this.#reader, ...this.#straight].map((client) => client.stop()));
    await this.cluster.stop();
  }

  async #writesFlow(): Promise<void> {
    const now = performance.now();
    await eventually("acknowledged rows", 90_000, () => (this.#writer.acknowledged.at(-1)?.sent ?? 0) > now);
  }
}
