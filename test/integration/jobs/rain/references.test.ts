import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sharedPostgres, type TestDatabase } from "../../../rigs/postgres/postgres";
import { rainDatabase } from "../../../rigs/rain/record";

const READING = "INSERT INTO reading (gauge, day, inches, quality, source, reported_as, file)";

/** The triggers that take the place of foreign keys from readings to their gauge and their file. */
describe("the references of readings", () => {
  let database: TestDatabase;
  let first: pg.Client;
  let second: pg.Client;
  let file: number;

  beforeAll(async () => {
    database = await rainDatabase(sharedPostgres());
    [first, second] = [1, 2].map(() => new pg.Client({ connectionString: database.url })) as [
      pg.Client,
      pg.Client,
    ];
    await Promise.all([first.connect(), second.connect()]);
    await first.query("INSERT INTO gauge (id) VALUES ('1000'), ('2000'), ('3000')");
    const { rows } = await first.query(
      "INSERT INTO source_file (digest, source, name, bytes) VALUES (repeat('a', 64), 'workbook', 'a', 1) RETURNING id",
    );
    file = rows[0].id;
    await first.query(`${READING} VALUES ('1000', '2020-01-01', 1, 'good', 'workbook', '1000', $1)`, [file]);
  });

  afterAll(async () => {
    await Promise.all([first?.end(), second?.end()]);
    await database?.drop();
  });

  it("refuses readings of an unknown gauge or file, also after an update", async () => {
    const insert = (gauge: string, of: number) =>
      first.query(
        `${READING} SELECT $1, day, 1, 'good', 'workbook', $1, $2 FROM generate_series('2020-02-01'::date, '2020-02-03', '1 day') AS day`,
        [gauge, of],
      );
    await expect(insert("9999", file)).rejects.toMatchObject({ code: "23503", message: /gauge 9999/ });
    await expect(insert("1000", file + 1)).rejects.toMatchObject({ code: "23503" });
    await expect(first.query("UPDATE reading SET gauge = '9999'")).rejects.toMatchObject({ code: "23503" });
    await expect(first.query("UPDATE reading SET file = $1", [file + 1])).rejects.toMatchObject({
      code: "23503",
    });
    expect(await database.query("SELECT gauge, file FROM reading")).toEqual([{ gauge: "1000", file }]);
  });

  it("keeps a gauge and a file that have readings", async () => {
    await expect(first.query("DELETE FROM gauge")).rejects.toMatchObject({
      code: "23503",
      message: /gauge 1000/,
    });
    await expect(first.query("UPDATE gauge SET id = '1001' WHERE id = '1000'")).rejects.toMatchObject({
      code: "23503",
    });
    await expect(first.query("DELETE FROM source_file")).rejects.toMatchObject({ code: "23503" });
    await expect(first.query("TRUNCATE gauge CASCADE")).rejects.toMatchObject({ code: "23503" });
    await expect(first.query("TRUNCATE source_file CASCADE")).rejects.toMatchObject({ code: "23503" });
    await first.query("DELETE FROM gauge WHERE id = '3000'");
  });

  it("makes the deletion of a gauge wait for a reading that is being added, and then refuses it", async () => {
    await first.query("BEGIN");
    await first.query(`${READING} VALUES ('2000', '2020-01-01', 1, 'good', 'workbook', '2000', $1)`, [file]);
    const { rows } = await second.query("SELECT pg_backend_pid() AS pid");
    const deletion = second.query("DELETE FROM gauge WHERE id = '2000'").then(
      () => "deleted",
      (error: Error) => error.message,
    );
    const waits = async () =>
      (
        await database.query("SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", [
          rows[0].pid,
        ])
      ).length > 0;
    await expect.poll(waits).toBe(true);
    await first.query("COMMIT");
    expect(await deletion).toMatch(/gauge 2000 still has readings/);
  });

  it("refuses the deletion of a gauge above READ COMMITTED, where it could not see the newest readings", async () => {
    await second.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await expect(second.query("DELETE FROM gauge WHERE id = '2000'")).rejects.toMatchObject({
      code: "0A000",
    });
    await second.query("ROLLBACK");
  });
});
