import pg from "pg";
import type { PostgresServer } from "../postgres/postgres";

/** Runs one statement in a database, in a session that is gone afterwards. */
export async function query<Row extends pg.QueryResultRow>(
  server: PostgresServer,
  database: string,
  statement: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url(database) });
  client.on("error", () => undefined); // a restore with --force ends sessions
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Every type that the three systems use, and every kind of object that a dump has to carry. */
export const SAMPLE = `
  CREATE EXTENSION pgcrypto;
  CREATE SCHEMA crm;
  CREATE TYPE crm.stage AS ENUM ('lead', 'quoted', 'won''s "best"');
  CREATE DOMAIN crm.email AS text CHECK (VALUE LIKE '%@%');
  CREATE TABLE crm."every Type" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, small smallint, whole integer, exact numeric(20, 6),
    single real, double double precision, yes boolean, letters varchar(40), fixed char(5), long text, bytes bytea,
    day date, moment timestamp, zoned timestamptz, clock time, span interval, uid uuid DEFAULT gen_random_uuid(),
    doc json, docb jsonb, tags text[], grid integer[][], net inet, block cidr, mac macaddr, bits bit varying(9),
    place point, range int4range, stage crm.stage, mail crm.email, words tsvector, markup xml, price money,
    twice integer GENERATED ALWAYS AS (whole * 2) STORED);
  INSERT INTO crm."every Type" (small, whole, exact, single, double, yes, letters, fixed, long, bytes, day, moment,
      zoned, clock, span, doc, docb, tags, grid, net, block, mac, bits, place, range, stage, mail, words, markup, price)
    SELECT n % 30000, n, n / 7.0, n / 3.0, CASE n % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE n / 11.0 END,
      n % 3 = 0, 'straße ' || n, 'a', E'tab\\t line\\n back\\\\slash \\\\N ' || n, decode(md5(n::text), 'hex'),
      date '2000-01-01' + n, timestamp '1900-01-01' + n * interval '1 hour', now() + n * interval '1 s', time '23:59:59.999999',
      n * interval '1 month 2 days', '{"a":  1}', jsonb_build_object('n', n), ARRAY['x,y', NULL, '"q"'], '{{1,2},{3,4}}',
      '10.0.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', point(n, -n), int4range(n, n + 5), 'lead', 'a@b',
      to_tsvector('rain ' || n), '<a/>', n::numeric::money
    FROM generate_series(1, 3000) n;
  INSERT INTO crm."every Type" DEFAULT VALUES;
  CREATE TABLE readings (gauge integer NOT NULL, day date NOT NULL, inches numeric(6, 2), PRIMARY KEY (gauge, day))
    PARTITION BY RANGE (day);
  CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
  INSERT INTO readings SELECT n % 40, date '2024-06-01' + n, n / 100.0 FROM generate_series(1, 900) n;
  CREATE TABLE parent (id integer PRIMARY KEY);
  CREATE TABLE child (note text) INHERITS (parent);
  INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 'only in the child');
  CREATE TABLE crm.visits (id bigint, "when" timestamptz, note text, share numeric, ok boolean, token uuid, extra jsonb,
    stages crm.stage[], stage crm.stage, numbers bigint[], small "char");
  ALTER TABLE crm.visits DROP COLUMN ok, DROP COLUMN stages, DROP COLUMN small;
  INSERT INTO crm.visits SELECT n, now() - n * interval '1 s', CASE WHEN n % 9 > 0 THEN repeat('ünïcode ' || n, n % 20) END,
    CASE n % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE n / 13.0 END, gen_random_uuid(), jsonb_build_object('n', n),
    'quoted', ARRAY[n, NULL, -n] FROM generate_series(1, 12000) n;
  INSERT INTO crm.visits DEFAULT VALUES;
  CREATE TABLE by_stage (stage crm.stage, note text) PARTITION BY HASH (stage);
  CREATE TABLE by_stage_0 PARTITION OF by_stage FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE by_stage_1 PARTITION OF by_stage FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO by_stage SELECT (enum_range(NULL::crm.stage))[1 + n % 2], repeat('x', 900) FROM generate_series(1, 600) n;
  CREATE TABLE nothing ();
  CREATE UNLOGGED TABLE staged AS SELECT n FROM generate_series(1, 10) n;
  CREATE SEQUENCE ticket START 42; SELECT nextval('ticket');
  CREATE VIEW recent AS SELECT * FROM readings WHERE day > '2025-06-01';
  CREATE MATERIALIZED VIEW totals AS SELECT gauge, sum(inches) FROM readings GROUP BY gauge;
  CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
  ALTER TABLE readings ENABLE ROW LEVEL SECURITY;
  CREATE POLICY everybody ON readings USING (true);
  GRANT SELECT ON readings TO backup_reader;
  ALTER TABLE parent OWNER TO backup_owner;
  SELECT lo_from_bytea(0, decode(repeat('00ff7f', 5000), 'hex')), lo_from_bytea(0, 'second');
`;

/** What is divided by hashes counts as one: where an enum's values lie is not the same in two databases. */
const TABLES = `
  SELECT pg_class.oid::regclass::text AS name, CASE relkind WHEN 'p' THEN '' ELSE 'ONLY' END AS only
  FROM pg_class LEFT JOIN pg_partitioned_table ON partrelid = pg_class.oid
  WHERE (relkind IN ('r', 'm') OR partstrat = 'h') AND relnamespace IN ('public'::regnamespace, 'crm'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_inherits JOIN pg_partitioned_table ON partrelid = inhparent
      WHERE inhrelid = pg_class.oid AND partstrat = 'h')
  ORDER BY 1`;

/** One line for each thing that has to be the same after a restore: every row of every table among them. */
export async function fingerprint(server: PostgresServer, database: string): Promise<string[]> {
  const tables = await query<{ name: string; only: string }>(server, database, TABLES);
  const lines: string[] = [];
  for (const { name, only } of tables) {
    const [sum] = await query<{ sum: string }>(
      server,
      database,
      `SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) AS sum FROM ${only} ${name} t`,
    );
    lines.push(`${name}: ${sum?.sum}`);
  }
  const [rest] = await query<Record<string, string>>(
    server,
    database,
    `
    SELECT (SELECT md5(string_agg(loid || ' ' || pageno || ' ' || data::text, ',' ORDER BY loid, pageno)) FROM pg_largeobject) AS objects,
      (SELECT md5(string_agg(format('%s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attidentity,
          attgenerated), ',' ORDER BY attrelid::regclass::text, attname)) FROM pg_attribute
        WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'crm'::regnamespace))) AS columns,
      (SELECT string_agg(format('%s %s %s', relname, relowner::regrole, relacl), ',' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace) AS rights,
      (SELECT last_value::text FROM ticket) AS ticket,
      (SELECT format('%s %s %s %s %s %s %s', datdba::regrole, datcollate, daticulocale, datacl, datconnlimit, shobj_description(oid, 'pg_database'), (SELECT string_agg(setconfig::text, ' ' ORDER BY setrole)
          FROM pg_db_role_setting WHERE setdatabase = pg_database.oid))
        FROM pg_database WHERE datname = current_database()) AS database`,
  );
  return [...lines, ...Object.entries(rest ?? {}).map(([name, value]) => `${name}: ${value}`)];
}
