import { describe, expect, it } from "vitest";
import {
  databaseSessions,
  ingestionRuns,
  maxConnections,
  parseSettings,
  sessionBudget,
} from "../../../../components/settings";
import { rawSettings, STACKS, withValue } from "../../../rigs/platform/stacks";

describe("the sessions of PostgreSQL", () => {
  it.each(STACKS)("of %s fit all at once, with those of superusers", (stack) => {
    const { most, reserved, declared, uses } = sessionBudget(parseSettings(rawSettings(stack)));

    expect(uses.length).toBeGreaterThan(5);
    expect(uses.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(declared);
    expect(declared + reserved).toBeLessThanOrEqual(most);
  });

  it("of prod are 100, on 4 GiB", () => {
    expect(sessionBudget(parseSettings(rawSettings("prod"))).most).toBe(100);
    expect(maxConnections(4096)).toBe(100);
  });

  it("follow from Airflow's processes, the ingestion runs and the pods of the rain API", () => {
    const settings = parseSettings(rawSettings("prod"));
    const prod = databaseSessions(settings);
    expect(prod.airflow_db).toBe(7 * 4 + 2);
    expect(ingestionRuns(prod.datasurface_merge ?? 0, settings)).toBe(7);
    expect(prod.customer_db).toBeGreaterThanOrEqual(7);
    expect(prod.rain).toBeGreaterThanOrEqual(5 * 4);
  });

  it("are what the settings say, where they say it", () => {
    const raw = withValue(rawSettings("prod"), "postgres", {
      memoryMib: 8192,
      databases: { airflow_db: {}, customer_db: {}, datasurface_merge: { connections: 42 } },
    });
    const sessions = databaseSessions(parseSettings(raw));
    expect(sessions.datasurface_merge).toBe(42);
    expect(sessions.customer_db).toBe(20 + 2); // one for each of the 20 ingestion runs
  });

  it("count each dataset that a run reads at once, in the merge database and in the source", () => {
    const eightGib = withValue(rawSettings("prod"), "postgres", {
      memoryMib: 8192,
      databases: { airflow_db: {}, customer_db: {}, datasurface_merge: {} },
    });
    const several = withValue(eightGib, "datasurface", { model: "examples/model", datasetsAtOnce: 4 });
    const settings = parseSettings(several);
    const { datasurface_merge: merge, customer_db: source } = databaseSessions(settings);
    expect(merge).toBe(7 * (1 + 4) + 2);
    expect(ingestionRuns(merge ?? 0, settings)).toBe(7);
    expect(source).toBe(7 * 4 + 2);
    expect(sessionBudget(settings).declared).toBe(
      sessionBudget(parseSettings(eightGib)).declared + 7 * 3 * 2,
    );

    const tooFew = withValue(several, "postgres", {
      memoryMib: 8192,
      databases: { airflow_db: {}, customer_db: { connections: 27 }, datasurface_merge: {} },
    });
    expect(() => parseSettings(tooFew)).toThrow(/at least 28: 7 ingestion runs .* each with 4 sessions/);
  });
});
