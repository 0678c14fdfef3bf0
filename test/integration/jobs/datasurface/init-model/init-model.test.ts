import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initModel } from "../../../../../jobs/datasurface/init-model";
import { loadModel } from "../../../../../jobs/datasurface/model";
import { modelOf, World } from "../../../../rigs/datasurface/datasurface";

const NOTHING = modelOf({ Store1: { datasets: { x: [{ name: "id", type: "integer", key: true }] } } });

describe("a model from the catalogue of a source", () => {
  let world: World;
  let folder: string;
  let said: string[];
  beforeEach(async () => {
    world = await World.open(NOTHING);
    folder = join(mkdtempSync(join(tmpdir(), "trellis-init-model-")), "model");
    said = [];
  });
  afterEach(async () => {
    rmSync(join(folder, ".."), { recursive: true, force: true });
    await world.close();
  });

  const init = (given: Partial<Parameters<typeof initModel>[0]> = {}) =>
    initModel(
      {
        source: world.config("YellowLive", "Shop").source,
        schema: "public",
        tables: undefined,
        store: "Shop",
        team: "team1",
        credential: undefined,
        out: folder,
        ...given,
      },
      { ...world.context, print: (line) => void said.push(line) },
    );

  it("needs no change before the first batch of both platforms", async () => {
    await world.source.query(`
      CREATE TABLE customers (
        id bigint PRIMARY KEY, name varchar(40) NOT NULL, "größe" numeric(10,2), born date, tags text[],
        seen timestamptz NOT NULL, notes jsonb
      );
      COMMENT ON TABLE customers IS 'Who bought: "quoted", and 100 %';
      CREATE TABLE lines (part text NOT NULL, number integer NOT NULL, paid boolean, UNIQUE (number, part));
      CREATE TABLE years (year integer, amount numeric(12,2), PRIMARY KEY (year)) PARTITION BY RANGE (year);
      CREATE TABLE years_2026 PARTITION OF years FOR VALUES FROM (2026) TO (2027);
      CREATE VIEW seen AS SELECT id FROM customers;
      INSERT INTO customers SELECT n, 'c' || n, n / 3.0, '1990-01-01', ARRAY['a', 'b'], now(), '{"n": 1}'
        FROM generate_series(1, 50) AS n;
      INSERT INTO lines SELECT 'p' || n, n, n % 2 = 0 FROM generate_series(1, 20) AS n;
      INSERT INTO years VALUES (2026, 12.5);
    `);

    expect(await init()).toBe("done");

    expect(said).toContain("3 of 3 tables are datasets of the store Shop");
    const model = loadModel(folder);
    const [store] = model.ecosystem.stores;
    const keys = store?.datasets.map(({ name, columns }) => [
      name,
      columns.filter(({ key }) => key).map((column) => column.name),
    ]);
    expect(keys).toEqual([
      ["customers", ["id"]],
      ["lines", ["part", "number"]],
      ["years", ["year"]],
    ]);
    expect(store?.datasets[0]?.documentation).toBe('Who bought: "quoted", and 100 %');
    world.model = model;
    for (const platform of ["Live", "Forensic"]) {
      const run = () => world.ingest("YellowLive", "Shop", { platform });
      expect(await run()).toBe("done");
      const merged = `SELECT id, name, "größe", born, tags, seen, notes FROM ${platform.toLowerCase()}_shop_customers_merge ORDER BY id`;
      expect(await world.merge.query(merged)).toEqual(
        await world.source.query("SELECT * FROM customers ORDER BY id"),
      );
    }
  });

  it("leaves out what no model can describe, and says why and what to do", async () => {
    await world.source.query(`
      CREATE TABLE "order-items" (id integer PRIMARY KEY);
      CREATE TABLE shapes (id integer PRIMARY KEY, area polygon, exact timestamp(3), "a-b" text);
      CREATE TABLE log (line text, at timestamptz);
      CREATE TABLE polygons (area polygon);
      CREATE TABLE partly (id integer, state text NOT NULL, UNIQUE (id), CHECK (id > 0));
      CREATE UNIQUE INDEX ON partly (state) WHERE id > 5;
    `);

    await init();

    const remarks = said.join("\n");
    expect(remarks).toMatch(/order-items is left out, its name does not fit .*: make a view of it/);
    expect(remarks).toMatch(/shapes\.area is left out: its type is polygon; allowed: boolean, /);
    expect(remarks).toMatch(/shapes\.exact is left out: its type is timestamp\(3\) without time zone; /);
    expect(remarks).toMatch(/shapes\.a-b is left out: its name does not fit/);
    expect(remarks).toMatch(/polygons is left out: no column of it can be modelled/);
    for (const name of ["log", "partly"]) {
      expect(remarks).toContain(`${name} has no key: its whole row identifies a row`);
    }
    const [store] = loadModel(folder).ecosystem.stores;
    expect(store?.datasets.map(({ name }) => name)).toEqual(["log", "partly", "shapes"]);
  });

  it("takes the tables that are named, and replaces no file", async () => {
    await world.source.query(
      "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY)",
    );
    await expect(init({ tables: ["a", "c"] })).rejects.toThrow(
      /no table c in the schema public; it has a, b/,
    );
    await expect(init({ schema: "sales" })).rejects.toThrow(/in the schema sales; it has no table there/);
    expect(existsSync(folder)).toBe(false);

    await init({ tables: ["b"] });
    const written = readFileSync(join(folder, "model.yaml"), "utf8");
    expect(written).toMatch(/^# yaml-language-server: \$schema=\.\/model\.schema\.json\n/);
    expect(written).toContain("- { name: id, type: integer, key: true }");
    await expect(init()).rejects.toThrow(/has model\.yaml and .* already; name another folder with --out/);
    expect(readFileSync(join(folder, "model.yaml"), "utf8")).toBe(written);
  });
});
