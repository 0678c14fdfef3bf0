import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CopyOut } from "../../../../../../jobs/datasurface/ingest/source";
import { openDatabase } from "../../../../../../jobs/shared";
import { addressOf } from "../../../../../rigs/datasurface/datasurface";
import { createDatabase, sharedPostgres, type TestDatabase } from "../../../../../rigs/postgres/postgres";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase(sharedPostgres());
});
afterAll(() => database.drop());

const session = () => openDatabase(addressOf(database), { purpose: "the test", applicationName: "copy-out" });

/** Reads a query as CSV, slowly if asked to, so that the socket must wait. */
async function copied(query: string, pauseMs = 0) {
  const client = await session();
  try {
    const reading = client.query(new CopyOut(`COPY (${query}) TO STDOUT (FORMAT csv)`));
    const hash = createHash("md5");
    let bytes = 0;
    for await (const chunk of reading as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      if (pauseMs > 0) await new Promise((done) => setTimeout(done, pauseMs));
    }
    const { rows } = await client.query<{ next: number }>("SELECT 1 AS next");
    return { rows: reading.rowCount, bytes, md5: hash.digest("hex"), next: rows[0]?.next };
  } finally {
    await client.end();
  }
}

/** What the server itself makes of the same rows. */
async function expected(query: string, csv = "t.v::text") {
  const [found] = await database.query<{ rows: string; bytes: string; md5: string }>(
    `SELECT count(*) AS rows, octet_length(string_agg(${csv} || chr(10), '')) AS bytes,
       md5(coalesce(string_agg(${csv} || chr(10), ''), '')) AS md5 FROM (${query}) AS t`,
  );
  return { rows: Number(found?.rows), bytes: Number(found?.bytes ?? 0), md5: found?.md5, next: 1 };
}

describe("the rows of a COPY", () => {
  it.each([
    ["no row", "SELECT 1 AS v WHERE false"],
    [
      "rows of a few bytes, whose headers the chunks of the socket cut",
      "SELECT n AS v FROM generate_series(1, 300000) AS n",
    ],
    ["rows larger than a chunk", "SELECT repeat(n::text, 200000) AS v FROM generate_series(1, 40) AS n"],
    [
      "rows of every size",
      "SELECT repeat('x', (n * 7919) % 70000) AS v FROM generate_series(1, 400) AS n WHERE (n * 7919) % 70000 > 0",
    ],
  ])("come complete and in order: %s", async (_, query) => {
    expect(await copied(query)).toEqual(await expected(query));
  });

  it("wait for a slow reader", async () => {
    const query = "SELECT repeat('y', 1000) AS v FROM generate_series(1, 20000) AS n";
    expect(await copied(query, 5)).toEqual(await expected(query));
  });

  it("come without the notices between them", async () => {
    await database.query(`CREATE FUNCTION noisy(n integer) RETURNS integer LANGUAGE plpgsql AS
      $$ BEGIN IF n % 100 = 0 THEN RAISE WARNING 'row %', n; END IF; RETURN n; END $$`);
    const query = "SELECT noisy(n) AS v FROM generate_series(1, 3000) AS n";
    expect(await copied(query)).toEqual(await expected("SELECT n AS v FROM generate_series(1, 3000) AS n"));
  });

  it.each([
    ["before the first row", "SELECT FROM no_such_table", /no_such_table/],
    ["among them", "SELECT 1 / (150000 - n) FROM generate_series(1, 200000) AS n", /division by zero/],
  ])("end with the server's error %s, and the session goes on", async (_, query, message) => {
    const client = await session();
    try {
      const reading = client.query(new CopyOut(`COPY (${query}) TO STDOUT`));
      await expect(reading.toArray()).rejects.toThrow(message);
      expect((await client.query("SELECT 1 AS next")).rows).toEqual([{ next: 1 }]);
    } finally {
      await client.end();
    }
  });

  it("end with an error when the session is lost", async () => {
    const client = await session();
    const reading = client.query(
      new CopyOut("COPY (SELECT n FROM generate_series(1, 100000000) AS n) TO STDOUT"),
    );
    let begun: (() => void) | undefined;
    const first = new Promise<void>((done) => {
      begun = done;
    });
    const ended = new Promise((done) => reading.on("error", done));
    reading.on("data", () => begun?.());
    await first;
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'copy-out'",
    );
    expect(String(await ended)).toMatch(/terminat/i);
    await client.end().catch(() => undefined);
  });
});
