import { describe, expect, it } from "vitest";
import { World } from "../../../../rigs/datasurface/datasurface";
import { acceptanceModel, followsTheSimulator, simulateOn } from "../../../../rigs/datasurface/simulation";
import { runJob } from "../../../../rigs/jobs/run-job";
import { createDatabase, sharedPostgres } from "../../../../rigs/postgres/postgres";

describe("the simulator", () => {
  it("is followed by both platforms, and replayed by the forensic one at every batch", async () => {
    await followsTheSimulator(sharedPostgres(), 400, 150);
  });

  it("makes the same changes in every run with one seed, and others with another", async () => {
    const world = await World.open(acceptanceModel());
    const state = async (seed: number) => {
      const source = await createDatabase(sharedPostgres());
      await simulateOn(world, source, { maxChanges: 120, seed });
      const rows = await source.query(
        "SELECT to_jsonb(c) AS row FROM customers c UNION ALL SELECT to_jsonb(a) FROM addresses a",
      );
      await source.drop();
      return rows.map(({ row }) => JSON.stringify(row)).sort();
    };
    const [first, again, other] = [await state(7), await state(7), await state(8)];
    await world.close();

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("never deletes a customer, nor an address where mail or bills go", async () => {
    const world = await World.open(acceptanceModel());
    await simulateOn(world, world.source, { maxChanges: 400, seed: 3 });
    const dangling = await world.source.query(
      "SELECT FROM customers WHERE primaryAddressId NOT IN (SELECT id FROM addresses) OR billingAddressId NOT IN (SELECT id FROM addresses)",
    );
    const first = await world.source.query(
      "SELECT id, firstName AS name FROM customers WHERE id = 'CUST001'",
    );
    await world.close();

    expect(dangling).toEqual([]);
    expect(first).toEqual([{ id: "CUST001", name: "John" }]);
  });

  it("finishes its change on SIGTERM and ends with code 0", async () => {
    const source = await createDatabase(sharedPostgres());
    const job = await runJob(["datasurface", "simulate", "--create-tables", "--rate", "200", "--verbose"], {
      environment: source.environment("SOURCE"),
      onError: (process, printed) => /"changes":20,/.test(printed) && process.kill("SIGTERM"),
    });
    const [counted] = await source.query<{ customers: number }>(
      "SELECT count(*)::int AS customers FROM customers",
    );
    await source.drop();

    expect(job).toMatchObject({ exitCode: 0, termination: { code: 0 } });
    expect(counted?.customers).toBeGreaterThan(0);
  });

  it("stops with an error when ten changes in a row fail, and at a source that is not there", async () => {
    const world = await World.open(acceptanceModel());
    await world.source.query(
      "CREATE VIEW customers AS SELECT 1 AS id; CREATE VIEW addresses AS SELECT 1 AS id",
    );
    const failing = await runJob(["datasurface", "simulate", "--rate", "1000"], {
      environment: world.source.environment("SOURCE"),
    });
    expect(failing.termination?.error).toContain("10 changes in a row failed");
    await world.close();
    const absent = await runJob(["datasurface", "simulate", "--host", "127.0.0.1", "--port", "1"], {});
    expect(absent.termination?.error).toContain("cannot be opened");
    expect(absent.exitCode).toBe(1);
  });
});
