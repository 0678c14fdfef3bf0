import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { CLOCKS, type Clock } from "../../../../../components/data/postgres";
import { PATRONI_PROGRAMS } from "../../../../rigs/patroni/cluster";
import { FAULTS, type Fault, LEASE_FAULTS } from "../../../../rigs/patroni/faults";
import { type Outage, Trial } from "../../../../rigs/patroni/trial";
import { describeWith } from "../../../../rigs/programs";

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

describeWith(PATRONI_PROGRAMS, "PostgreSQL under Patroni, from the rendered files", () => {
  let trial: Trial;

  beforeAll(async () => {
    if (mayChangeUsers) trial = await Trial.start();
  });

  afterAll(async () => {
    await trial?.stop();
  });

  const survive = async (fault: Fault, clock: Clock) => {
    onTestFailed(() => {
      for (const { name, log } of trial.cluster.members)
        console.error(`${name} said last:\n${log.trimEnd().split("\n").slice(-LOG_LINES).join("\n")}`);
    });
    const verdict = await trial.suffer(fault);

    expect(verdict.missing).toEqual([]);
    expect(verdict.secondLeaders).toEqual([]);
    kept(verdict.withoutWrites, fault.goal(clock));
    kept(verdict.withoutReads, READ_GOAL);
    if (fault.demotion) kept(verdict.readAsPrimary, fault.demotion(clock));
    expect(verdict.acknowledged).toBeGreaterThan(0);
    if (fault.leaderChanges) expect(verdict.leaderChanged).toBe(true);
  };

  it.skipIf(!mayChangeUsers).for(FAULTS)("survives: $title", (fault) => survive(fault, CLOCKS.standard));

  describe("after a change of the lease, without a restart", () => {
    beforeAll(async () => {
      if (mayChangeUsers) await trial.cluster.changeFailover("fast");
    });

    it.skipIf(!mayChangeUsers).for(LEASE_FAULTS)("survives: $title", (fault) => survive(fault, CLOCKS.fast));
  });
});
