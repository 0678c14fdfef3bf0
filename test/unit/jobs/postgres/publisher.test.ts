import fc from "fast-check";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { answerOf } from "../../../../jobs/postgres/discovery/answer";
import { Conflict, Publisher } from "../../../../jobs/postgres/discovery/publisher";
import type { Snapshot } from "../../../../jobs/postgres/discovery/snapshot";
import { countOf } from "../../../rigs/counts";
import { type Happening, historyOf, SliceRecord } from "../../../rigs/discovery/history";

const member = fc.nat({ max: 2 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("leads" as const), member }) },
  fc.record({ kind: fc.constant("releases" as const) }),
  fc.record({ kind: fc.constant("vanishes" as const) }),
  fc.record({ kind: fc.constant("returns" as const), member }),
);
const happenings = fc.array(happening, { minLength: 1, maxLength: 12 });

/** One watcher's day: how far it has heard of the history before each time that it settles. */
const day = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 8 });

/** A cluster whose history goes on while requests are on their way, each as late as the scheduler likes. */
class World {
  readonly record = new SliceRecord();
  history: readonly Snapshot[];
  /** How far time has come: a quorum knows all revisions up to here. */
  present = 0;

  constructor(
    history: readonly Snapshot[],
    private readonly scheduler: fc.Scheduler,
  ) {
    this.history = history;
  }

  at(index: number): Snapshot {
    const snapshot = this.history[Math.min(index, this.history.length - 1)];
    if (!snapshot) throw new Error("no history");
    return snapshot;
  }

  /** What is asked goes out late, and the answer comes late. */
  async late<T>(what: () => Promise<T>): Promise<T> {
    await this.scheduler.schedule(Promise.resolve(), "request");
    const answer = await what().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await this.scheduler.schedule(Promise.resolve(), "answer");
    if ("error" in answer) throw answer.error;
    return answer.value;
  }

  watcher(kind: "primary" | "replica" = "primary"): Publisher {
    return new Publisher({
      kind,
      name: "postgres-primary",
      namespace: "postgres",
      port: 5432,
      store: {
        read: () => this.late(() => this.record.read()),
        write: (slice) => this.late(() => this.record.write(slice)),
      },
      readNow: () => this.late(async () => this.at(this.present)),
      refreshMs: 0, // every settling writes: the worst for order
      lookMs: 1_000,
      log: pino({ level: "silent" }),
    });
  }

  /** Each time a watcher has heard of some of the history, it settles, again after each conflict. */
  async live(watcher: Publisher, heard: readonly number[]): Promise<void> {
    let known = 0;
    for (const steps of heard) {
      known = Math.min(known + steps, this.history.length - 1);
      this.present = Math.max(this.present, known);
      watcher.offer(this.at(known));
      await this.settle(watcher);
    }
  }

  async settle(watcher: Publisher): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt++) {
      try {
        return void (await watcher.settle());
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        watcher.forget();
      }
    }
    throw new Error("conflicts without end");
  }
}

const isOrdered = (numbers: readonly number[]) =>
  numbers.every((number, index) => number >= (numbers[index - 1] ?? 0));

describe("watchers that publish side by side", () => {
  it("never put an older leader over a newer one, nor an older revision over a newer one, however late they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), happenings, day, day, day, async (scheduler, events, ...days) => {
        const world = new World(historyOf(events), scheduler);
        await scheduler.waitFor(Promise.all(days.map((heard) => world.live(world.watcher(), heard))));
        expect(isOrdered(world.record.answers.map(({ leaderSince }) => leaderSince))).toBe(true);
        expect(isOrdered(world.record.answers.map(({ origin }) => origin?.revision ?? -1))).toBe(true);
      }),
      { numRuns: countOf({ usual: 150, full: 500 }) },
    );
  });

  it("agree in the end on what the newest revision says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), happenings, day, day, async (scheduler, events, ...days) => {
        const world = new World(historyOf([...events, { kind: "leads", member: 1 }]), scheduler);
        const watchers = days.map(() => world.watcher());
        await scheduler.waitFor(
          Promise.all(watchers.map((each, index) => world.live(each, days[index] ?? []))),
        );
        world.present = world.history.length - 1;
        const newest = world.at(world.present);
        for (const watcher of watchers) {
          watcher.offer(newest);
          await scheduler.waitFor(world.settle(watcher));
        }
        expect(world.record.answers.at(-1)).toMatchObject(answerOf("primary", newest, undefined));
      }),
      { numRuns: countOf({ usual: 100, full: 300 }) },
    );
  });

  it("follow an etcd that was restored to an earlier day, and do not return to the history that is gone", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        happenings,
        happenings,
        day,
        fc.boolean(),
        async (scheduler, before, after, heard, renamed) => {
          const world = new World(historyOf(before), scheduler);
          const [old, watcher] = [world.watcher(), world.watcher()];
          await scheduler.waitFor(Promise.all([world.live(old, heard), world.live(watcher, heard)]));

          // Without a bump of revisions a restored etcd counts from the day of its snapshot, even under its old name.
          world.history = historyOf([...after, { kind: "leads", member: 2 }], renamed ? "2" : "1");
          world.present = world.history.length - 1;
          watcher.forget();
          watcher.offer(world.at(world.present));
          await scheduler.waitFor(world.settle(watcher));
          await scheduler.waitFor(world.settle(old)); // it still believes in the old history
          expect(world.record.answers.at(-1)).toMatchObject({
            endpoints: [{ member: "postgres-2" }],
            origin: { clusterId: renamed ? "2" : "1", revision: world.at(world.present).revision },
          });
        },
      ),
      { numRuns: countOf({ usual: 100, full: 300 }) },
    );
  });
});
