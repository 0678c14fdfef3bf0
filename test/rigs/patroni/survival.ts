import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { CLOCKS } from "../../../components/data/postgres";
import { describeWith } from "../programs";
import { PATRONI_PROGRAMS } from "./cluster";
import type { Fault } from "./faults";
import { type Outage, Trial } from "./trial";

/**
 * Reserve of a promise on a machine that does other work too: a quarter, and five seconds, in which on two busy cores
 * programs start and clients connect again. What the machine stalled during the outage comes off before. Whether a goal is kept as a median, the
 * benchmark shows.
 */
const kept = ({ seconds, stalled }: Outage, goal: number) =>
  expect(seconds - stalled, `${seconds} s, of which the machine stalled ${stalled} s`).toBeLessThan(
    goal * 1.25 + 5,
  );

/** Reads go on while a replica or the leader runs; HAProxy looks for another one within two seconds. */
const READ_GOAL = 2;

/** A member's log of about the last two minutes. */
const LOG_LINES = 200;

const mayChangeUsers = process.getuid?.() === 0;

/** A cluster from the rendered files that suffers faults one after the other: a test for each. */
export function describeSurvival(title: string, cases: (survival: Survival) => void): void {
  describeWith(PATRONI_PROGRAMS, title, () => {
    let trial: Trial;
    beforeAll(async () => {
      if (mayChangeUsers) trial = await Trial.start();
    });
    afterAll(async () => {
      await trial?.stop();
    });
    cases({
      each: (faults) =>
        it.skipIf(!mayChangeUsers).for(faults)("survives: $title", (fault) => survives(trial, fault)),
      changeFailover: async (failover) => {
        if (mayChangeUsers) await trial.cluster.changeFailover(failover);
      },
    });
  });
}

export interface Survival {
  readonly each: (faults: readonly Fault[]) => void;
  readonly changeFailover: (failover: keyof typeof CLOCKS) => Promise<void>;
}

async function survives(trial: Trial, fault: Fault): Promise<void> {
  onTestFailed(() => {
    for (const { name, log } of trial.cluster.members)
      console.error(`${name} said last:\n${log.trimEnd().split("\n").slice(-LOG_LINES).join("\n")}`);
  });
  const clock = CLOCKS[trial.cluster.failover];
  const verdict = await trial.suffer(fault);

  expect(verdict.missing).toEqual([]);
  expect(verdict.secondLeaders).toEqual([]);
  kept(verdict.withoutWrites, fault.goal(clock));
  kept(verdict.withoutReads, READ_GOAL);
  if (fault.demotion) kept(verdict.readAsPrimary, fault.demotion(clock));
  expect(verdict.acknowledged).toBeGreaterThan(0);
  if (fault.leaderChanges) expect(verdict.leaderChanged).toBe(true);
}
