import { afterAll, beforeAll, expect, it } from "vitest";
import { PATRONI_PROGRAMS } from "../../../../rigs/patroni/cluster";
import { FAULTS } from "../../../../rigs/patroni/faults";
import { Trial } from "../../../../rigs/patroni/trial";
import { describeWith } from "../../../../rigs/programs";

/** A shared machine may stall for seconds; whether a goal is kept as a median, the benchmark says. */
const STALLS_SECONDS = 30;

const mayChangeUsers = process.getuid?.() === 0;

describeWith(PATRONI_PROGRAMS, "PostgreSQL under Patroni, from the rendered files", () => {
  let trial: Trial;

  beforeAll(async () => {
    if (mayChangeUsers) trial = await Trial.start();
  });

  afterAll(async () => {
    await trial?.stop();
  });

  it.skipIf(!mayChangeUsers).for(FAULTS)("survives: $title", async (fault) => {
    const verdict = await trial.suffer(fault);

    expect(verdict.missing).toEqual([]);
    expect(verdict.secondLeaders).toEqual([]);
    expect(verdict.withoutWrites).toBeLessThan(fault.goal + STALLS_SECONDS);
    expect(verdict.withoutReads).toBeLessThan(STALLS_SECONDS);
    expect(verdict.acknowledged).toBeGreaterThan(0);
    if (fault.leaderChanges) expect(verdict.leaderChanged).toBe(true);
  });
});
