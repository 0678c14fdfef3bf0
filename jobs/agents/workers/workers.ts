import { setTimeout as wait } from "node:timers/promises";
import type PgBoss from "pg-boss";
import { type Pool, poolOf } from "../runtime";
import { safeReason } from "../safe-reason";
import {
  bury,
  DEAD_LETTERS,
  Deliveries,
  type Delivery,
  forgetOld,
  type JobData,
  poolSizes,
  type Retention,
  WAKE_CHANNEL,
} from "../store";
import { type Desk, handle } from "./handle";

interface WorkersArgs extends Desk, Retention {
  /** The pools that this process works for. */
  readonly pools: readonly string[];
  /** How long a delivery may take; pg-boss gives the task to another worker then. */
  readonly taskSeconds: number;
  /** How long an idle agent waits for a task unless it is woken. */
  readonly pollMs: number;
}

/** How often the sizes of the pools are read. */
const RESIZE_MS = 2_000;

/** How often rows are deleted that are older than the settings keep. */
const FORGET_MS = 3_600_000;

/** How long running tasks may go on after a stop. */
const DRAIN_MS = 15_000;

/** The agents of one process. */
export class Workers {
  private readonly agents = new Map<string, Agent[]>();
  private readonly deliveries = new Map<string, Deliveries>();
  /** Those that were told to stop and still have a task included. */
  private readonly running = new Set<Agent>();
  private readonly stopped = new AbortController();
  private readonly cut = new AbortController();

  constructor(private readonly args: WorkersArgs) {}

  /** Works until the signal aborts, then lets running tasks finish for a while. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.stopped.abort();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    const loops = [this.resizing(), this.listening(), this.buryingDead(), this.forgetting()];
    await Promise.all(loops);
    for (const agent of this.running) agent.stop();
    const timer = setTimeout(() => this.cut.abort(), DRAIN_MS);
    await Promise.all([...this.running].map(({ ended }) => ended));
    clearTimeout(timer);
    await this.args.ledger.drain();
  }

  /** Agents by pool: how many there are, and how many have a task. */
  counts(): { readonly pool: string; readonly agents: number; readonly busy: number }[] {
    return this.args.pools.map((pool) => {
      const agents = this.agents.get(pool) ?? [];
      return { pool, agents: agents.length, busy: agents.filter(({ busy }) => busy).length };
    });
  }

  private async resizing(): Promise<void> {
    await this.untilStopped(RESIZE_MS, async () => {
      for (const { name, agents, generation } of await poolSizes(this.args.sessions)) {
        const pool = poolOf(name);
        if (!pool || !this.args.pools.includes(name)) continue;
        const present = (this.agents.get(name) ?? []).filter((agent) => {
          if (agent.generation === generation) return true;
          agent.stop();
          return false;
        });
        for (const agent of present.splice(agents)) agent.stop();
        while (present.length < agents) present.push(this.start(pool, generation));
        this.agents.set(name, present);
      }
    });
  }

  private start(pool: Pool, generation: number): Agent {
    const { args, cut } = this;
    const deliveries = this.deliveriesOf(pool.name);
    const agent = new Agent({
      generation,
      pollMs: args.pollMs,
      fetch: () => deliveries.next(),
      handle: (delivery) => {
        const signal = AbortSignal.any([cut.signal, AbortSignal.timeout(args.taskSeconds * 1000)]);
        return handle(args, pool, delivery, signal);
      },
      onError: (error) =>
        args.log.warn({ pool: pool.name }, `an agent lost a delivery: ${safeReason(error)}`),
    });
    this.running.add(agent);
    void agent.ended.then(() => this.running.delete(agent));
    return agent;
  }

  private deliveriesOf(pool: string): Deliveries {
    const { boss, sessions } = this.args;
    const found = this.deliveries.get(pool) ?? new Deliveries({ boss, sessions, pool });
    this.deliveries.set(pool, found);
    return found;
  }

  /** Wakes one idle agent for each task that is enqueued. Polling alone finds it too, only later. */
  private async listening(): Promise<void> {
    await this.untilStopped(RESIZE_MS, async () => {
      const database = await this.args.sessions.openOne();
      try {
        database.on("notification", ({ payload }) => {
          this.agents
            .get(payload ?? "")
            ?.find(({ idle }) => idle)
            ?.wake();
        });
        await database.query(`LISTEN ${WAKE_CHANNEL}`);
        const lost = new Promise<void>((end) => database.once("end", end).once("error", () => end()));
        const stop = new Promise<void>((end) => this.stopped.signal.addEventListener("abort", () => end()));
        if (!this.stopped.signal.aborted) await Promise.race([lost, stop]);
      } finally {
        await database.end().catch(() => undefined);
      }
    });
  }

  private async buryingDead(): Promise<void> {
    await this.untilStopped(RESIZE_MS, async () => {
      const { boss, sessions, log } = this.args;
      const dead: PgBoss.Job<JobData>[] = await boss.fetch<JobData>(DEAD_LETTERS, { batchSize: 100 });
      for (const { id, data } of dead) {
        if (await bury(sessions, data.task, data.job))
          log.error({ task: data.task }, "every delivery of a task failed");
        await boss.complete(DEAD_LETTERS, id);
      }
    });
  }

  private async forgetting(): Promise<void> {
    await this.untilStopped(FORGET_MS, async () => {
      const rows = await forgetOld(this.args.sessions, this.args);
      if (rows > 0) this.args.log.info({ rows }, "rows were deleted that are older than the settings keep");
    });
  }

  private async untilStopped(pauseMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      await work().catch((error: unknown) =>
        this.args.log.warn(`the workers' upkeep failed: ${safeReason(error)}`),
      );
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

interface AgentArgs {
  readonly generation: number;
  readonly pollMs: number;
  readonly fetch: () => Promise<Delivery | undefined>;
  readonly handle: (delivery: Delivery) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** One agent: takes a delivery, works on it, takes the next. */
class Agent {
  readonly ended: Promise<void>;
  readonly generation: number;
  busy = false;
  private stopping = false;
  private rest: (() => void) | undefined;

  constructor(private readonly args: AgentArgs) {
    this.generation = args.generation;
    this.ended = this.run();
  }

  get idle(): boolean {
    return this.rest !== undefined;
  }

  wake(): void {
    this.rest?.();
  }

  stop(): void {
    this.stopping = true;
    this.wake();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        const delivery = await this.args.fetch();
        if (!delivery) {
          await this.sleep();
          continue;
        }
        this.busy = true;
        await this.args.handle(delivery);
      } catch (error) {
        this.args.onError(error);
        await this.sleep();
      } finally {
        this.busy = false;
      }
    }
  }

  private async sleep(): Promise<void> {
    if (this.stopping) return;
    // Spread, so that the agents of many processes do not poll in step.
    const pause = this.args.pollMs * (0.5 + Math.random() * 0.5);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((awake) => {
      this.rest = awake;
      timer = setTimeout(awake, pause);
    });
    clearTimeout(timer);
    this.rest = undefined;
  }
}
