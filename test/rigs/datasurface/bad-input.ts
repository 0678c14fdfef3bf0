import { ecosystemOf } from "./datasurface";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One wrong thing that somebody gives to a job, and what it must be told. */
export interface BadInput {
  readonly name: string;
  /** What it is told; all of these must be in the message. */
  readonly says: readonly string[];
  /** The model, by its path and new value; undefined removes. */
  readonly model?: Readonly<Record<string, Json | undefined>>;
  readonly assignments?: Readonly<Record<string, Json | undefined>>;
  /** The whole text of a file instead. */
  readonly files?: Readonly<Record<string, string>>;
  /** Flags instead of the usual ones; undefined leaves one out. */
  readonly flags?: Readonly<Record<string, string | true | undefined>>;
  readonly verb?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What happens to the source before. */
  readonly source?: string;
}

export const BAD_STORE = {
  datasets: {
    customers: [
      { name: "id", type: "varchar(20)", key: true },
      { name: "email", type: "varchar(40)", nullable: false },
      { name: "balance", type: "numeric(8,2)" },
    ],
    addresses: [
      { name: "id", type: "integer", key: true },
      { name: "zip", type: "varchar(10)" },
    ],
  },
};

/** The source as it is before each case. */
export const GOOD_SOURCE = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;
  CREATE TABLE customers (id varchar(20), email varchar(40), balance numeric(8,2));
  CREATE TABLE addresses (id integer, zip varchar(10));
  INSERT INTO customers SELECT 'C' || n, 'c@example.com', n FROM generate_series(1, 9) AS n;
  INSERT INTO addresses SELECT n, '12345' FROM generate_series(1, 9) AS n`;

/** The usual model with a case's changes in it. */
export function spoiledModel({ model = {}, assignments = {} }: BadInput) {
  const usual = structuredClone(ecosystemOf({ Store1: { ...BAD_STORE, deletions: {} } }));
  return {
    ecosystem: spoil(usual.ecosystem as unknown as Json, model), // plain data, as YAML would hold it
    assignments: spoil(usual.assignments as unknown as Json, assignments), // plain data, as JSON would hold it
  };
}

function spoil(root: Json, changes: Readonly<Record<string, Json | undefined>>): Json {
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const parent = keys.reduce(
      (inside, key) => (inside as Record<string, Json>)[key] ?? null,
      root,
    ) as Record<string, Json>; // the paths are ours
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return root;
}

const STORE = "stores.0";
const CUSTOMERS = `${STORE}.datasets.0`;
const COLUMN = `${CUSTOMERS}.columns.1`;

const bad = (
  name: string,
  says: string | readonly string[],
  what: Omit<BadInput, "name" | "says">,
): BadInput => ({
  name,
  says: typeof says === "string" ? [says] : says,
  ...what,
});

/** Every text of a model that is no name, with what another program would obey if it came to read it. */
const HOSTILE_TEXTS = (
  [
    [`${STORE}.capture.source.host`, "a host name"],
    [`${STORE}.capture.source.database`, "at most 63 letters"],
    [`${STORE}.capture.source.schema`, "a letter, then"],
    [`${STORE}.capture.credential`, "name of an environment variable"],
    ["provider.mergeDatabase", "at most 63 letters"],
    ["provider.mergeCredential", "name of an environment variable"],
    ["provider.gitCredential", "name of an environment variable"],
    ["workspaces.0.readers", "at most 63 letters"],
    [`${COLUMN}.classification`, "at most 64 letters"],
    [`${STORE}.capture.trigger`, "cron"],
  ] as const
).flatMap(([path, says]) =>
  [
    "{{ macros.uuid.os.popen('id').read() }}",
    "{% include '/etc/passwd' %}",
    "$(GIT_TOKEN)",
    "$(touch /tmp/x)",
    '"x"; DROP TABLE y; --',
    "a\nb",
    "a\u0000b",
    "--upload-pack=x",
    "",
  ].map((text) =>
    bad(`${path} is ${JSON.stringify(text)}`, [says], {
      model: {
        [path]: path.endsWith("readers") ? [text] : path.endsWith("trigger") ? { cron: text } : text,
      },
    }),
  ),
);

const MODELS: readonly BadInput[] = [
  bad("no model file", "it has no file model.yaml", { files: { "other.yaml": "" } }),
  bad("an empty model", "the whole file", { files: { "model.yaml": "" } }),
  bad("text that is not YAML", "not readable as YAML", { files: { "model.yaml": "stores: [" } }),
  bad("a key twice in YAML", "not readable as YAML", {
    files: { "model.yaml": "ecosystem: A\necosystem: B\n" },
  }),
  bad("a list for a model", "the whole file", { files: { "model.yaml": "- a\n" } }),
  bad("assignments that are not JSON", "not readable as JSON", {
    files: { "dsg_platform_mapping.json": "{" },
  }),
  bad("assignments that are no list", "dsg_platform_mapping.json", {
    files: { "dsg_platform_mapping.json": "{}" },
  }),
  bad("a misspelt key", "Unrecognized key", { model: { [`${STORE}.deletion`]: {} } }),
  bad("no platforms", "platforms", { model: { platforms: [] } }),
  bad("no zones", "zones", { model: { zones: [] } }),
  bad("no name", "ecosystem", { model: { ecosystem: undefined } }),
  bad("a store with a bad name", ["a letter, then at most 127", 'given "1store"'], {
    model: { [`${STORE}.name`]: "1store" },
  }),
  bad("a dataset with a space", "a letter, then at most 127", {
    model: { [`${CUSTOMERS}.name`]: "my customers" },
  }),
  bad("a dataset with SQL in it", "a letter, then at most 127", {
    model: { [`${CUSTOMERS}.name`]: 'x"; DROP TABLE y; --' },
  }),
  bad("a reserved word for a dataset", "is a reserved word of SQL", {
    model: { [`${CUSTOMERS}.name`]: "select" },
  }),
  bad("a column with a space", "a letter of any language", { model: { [`${COLUMN}.name`]: "my email" } }),
  bad("a column with a quote", "a letter of any language", { model: { [`${COLUMN}.name`]: 'a"b' } }),
  bad("a column of dollars", "a letter of any language", { model: { [`${COLUMN}.name`]: "$body$" } }),
  bad("a column too long in bytes", "longer than the 63 bytes", {
    model: { [`${COLUMN}.name`]: "ü".repeat(32) },
  }),
  bad("a column too long for PostgreSQL", "longer than the 63", {
    model: { [`${COLUMN}.name`]: "c".repeat(64) },
  }),
  bad("a column of ingestion's own", "ds_surf_ is kept", {
    model: { [`${COLUMN}.name`]: "ds_surf_batch_in" },
  }),
  bad("a system column", "is a system column", { model: { [`${COLUMN}.name`]: "ctid" } }),
  bad("an unknown type", ["allowed: boolean, smallint", 'given "geography"'], {
    model: { [`${COLUMN}.type`]: "geography" },
  }),
  bad("varchar without a length", "allowed: a length", { model: { [`${COLUMN}.type`]: "varchar" } }),
  bad("varchar of no length", "a length from 1", { model: { [`${COLUMN}.type`]: "varchar(0)" } }),
  bad("varchar of two lengths", "a length from 1", { model: { [`${COLUMN}.type`]: "varchar(1,2)" } }),
  bad("numeric with too large a scale", "s from 0 to p", { model: { [`${COLUMN}.type`]: "numeric(2,3)" } }),
  bad("an integer with a length", "integer without a length", {
    model: { [`${COLUMN}.type`]: "integer(4)" },
  }),
  bad("a type with SQL in it", "allowed: boolean", { model: { [`${COLUMN}.type`]: "text); DROP TABLE x" } }),
  ...HOSTILE_TEXTS,
  ...[`${STORE}.documentation`, `${CUSTOMERS}.documentation`].flatMap((path) => [
    bad(`${path} that moves the cursor of a terminal`, "no other control characters", {
      model: { [path]: "harmless\u001b[2K\u001b]0;title\u0007" },
    }),
    bad(`${path} that is a book`, "longer than 10000", { model: { [path]: "x".repeat(10_001) } }),
  ]),
  bad("an assignment's documentation with control characters", "no other control characters", {
    assignments: { "0.assignments.0.documentation": "a\u0008b" },
  }),
  bad("a request of more than any machine has", "such as 512Mi", {
    model: { [`${STORE}.resources`]: { limits: { memory: `${"9".repeat(40)}Gi` } } },
  }),
  bad("a type that is a number", "expected string", { model: { [`${COLUMN}.type`]: 4 } }),
  bad("a nullable key", "cannot be nullable", { model: { [`${CUSTOMERS}.columns.0.nullable`]: true } }),
  bad("a key without equality", "it has no equality", { model: { [`${CUSTOMERS}.columns.0.type`]: "json" } }),
  bad("a column twice", "id occurs more than once", { model: { [`${COLUMN}.name`]: "id" } }),
  bad("a column twice but for case", "ID occurs more than once", { model: { [`${COLUMN}.name`]: "ID" } }),
  bad("no columns", "needs at least one column", { model: { [`${CUSTOMERS}.columns`]: [] } }),
  bad("no datasets", "needs at least one dataset", { model: { [`${STORE}.datasets`]: [] } }),
  bad("a dataset twice", "addresses occurs more than once", {
    model: { [`${CUSTOMERS}.name`]: "addresses" },
  }),
  bad("an unknown team", "no zone has a team nobody", { model: { [`${STORE}.team`]: "nobody" } }),
  bad("an unknown kind of capture", "allowed: sql_snapshot", {
    model: { [`${STORE}.capture.kind`]: "kafka" },
  }),
  bad("an unknown consistency", "allowed: MULTI_DATASET", {
    model: { [`${STORE}.capture.consistency`]: "EVENTUAL" },
  }),
  bad("a credential that is no variable", "name of an environment variable", {
    model: { [`${STORE}.capture.credential`]: "my secret" },
  }),
  bad("a port out of range", "port", { model: { [`${STORE}.capture.source.port`]: 70000 } }),
  bad("a bad cron expression", "allowed: a cron expression of five fields", {
    model: { [`${STORE}.capture.trigger`]: { cron: "now" } },
  }),
  bad("some tables and not others", "name all or none", {
    model: { [`${STORE}.capture.tables`]: { customers: "c" } },
  }),
  bad("a table of no dataset", "the store has no dataset ghosts", {
    model: { [`${STORE}.capture.tables`]: { customers: "c", addresses: "a", ghosts: "g" } },
  }),
  bad("a table that is no identifier", "a letter, then at most 127", {
    model: { [`${STORE}.capture.tables`]: { customers: "a b", addresses: "a" } },
  }),
  bad("a share above one", "deletions.maxShare", { model: { [`${STORE}.deletions`]: { maxShare: 2 } } }),
  bad("a negative number of rows", "deletions.maxRows", {
    model: { [`${STORE}.deletions`]: { maxRows: -1 } },
  }),
  bad("an unknown milestoning", "allowed: live_only", { model: { "platforms.0.milestoning": "scd3" } }),
  bad("a platform twice", "yellowlive occurs more than once", {
    model: { "platforms.1.name": "yellowlive" },
  }),
  bad("staging to keep below -1", "stagingBatchesToKeep", {
    model: { "platforms.0.stagingBatchesToKeep": -2 },
  }),
  bad("a namespace that Kubernetes refuses", "Kubernetes takes for a namespace", {
    model: { "provider.namespace": "My_NS" },
  }),
  bad("a sink on no store", "there is no store Nowhere", {
    model: { "workspaces.0.groups.0.sinks.0.store": "Nowhere" },
  }),
  bad("a sink on no dataset", "has no dataset ghosts", {
    model: { "workspaces.0.groups.0.sinks.0.dataset": "ghosts" },
  }),
  bad("a sink twice", "occurs more than once", {
    model: { "workspaces.0.groups.0.sinks.0.dataset": "addresses" },
  }),
  bad("a sink on a deprecated dataset", "is deprecated", { model: { [`${CUSTOMERS}.deprecated`]: true } }),
  bad("an assignment of no workspace", "there is no workspace Nobody", {
    assignments: { "0.workspace": "Nobody" },
  }),
  bad("an assignment of no group", "no dataset group Nothing", { assignments: { "0.dsgName": "Nothing" } }),
  bad("an assignment to no platform", "there is no platform Purple", {
    assignments: { "0.assignments.0.dataPlatform": "Purple" },
  }),
  bad("a live group on a forensic platform", "serves FORENSIC", {
    assignments: { "0.assignments.0.dataPlatform": "YellowForensic" },
  }),
  bad("an assignment with an unknown status", "allowed: PROVISIONING", {
    assignments: { "0.assignments.0.status": "READY" },
  }),
  bad("two problems at once", ["has 2 problems", "is a system column", "allowed: sql_snapshot"], {
    model: { [`${COLUMN}.name`]: "xmin", [`${STORE}.capture.kind`]: "cdc" },
  }),
];

const FLAGS: readonly BadInput[] = [
  bad("no platform", "--platform is required", { flags: { platform: undefined } }),
  bad("no store", "--store is required", { flags: { store: undefined } }),
  bad("an empty store", '--store: given ""', { flags: { store: "" } }),
  bad("no model at all", "--repository (or MODEL_REPOSITORY) is required", { flags: { model: undefined } }),
  bad("an unknown platform", "no platform yellowlive; it has YellowLive, YellowForensic", {
    flags: { platform: "yellowlive" },
  }),
  bad("an unknown store", "Could not find datastore in ecosystem: Store9", { flags: { store: "Store9" } }),
  bad("a dataset of a multi-dataset store", "Cannot specify a dataset name", {
    flags: { dataset: "customers" },
  }),
  bad("seconds that are no number", '--max-seconds: given "soon"', { flags: { "max-seconds": "soon" } }),
  bad("a negative approval", '--approve-deletes: given "-3"', { flags: { "approve-deletes": "-3" } }),
  bad("an approval of a number alone", "the approval that a held batch shows", {
    flags: { "approve-deletes": "3" },
  }),
  bad("an approval and its opposite", "exclude each other", {
    flags: { "approve-deletes": "3-0123456789abcdef", "additions-only": true },
  }),
  bad("a flag that does not exist", "unknown option '--stoer'", { flags: { stoer: "x" } }),
  bad("a verb that does not exist", "Did you mean ingest?", { verb: "injest" }),
  bad("a folder that does not exist", "there is no model in /no/such/folder", {
    flags: { model: "/no/such/folder" },
  }),
  bad("memory out of range", "a whole number from 1 to 1000000", { flags: { "join-memory-mb": "0" } }),
  bad("a port that is no number", 'SOURCE_PORT: given "pg"', { environment: { SOURCE_PORT: "pg" } }),
  bad("an unknown sslmode", "MERGE_SSLMODE", { environment: { MERGE_SSLMODE: "maybe" } }),
  bad("a wrong password", "password authentication failed", { environment: { SOURCE_PASSWORD: "wrong" } }),
  bad("a database that does not exist", 'database "nowhere" does not exist', {
    environment: { MERGE_DATABASE: "nowhere" },
  }),
  bad("a repository that does not exist", "the model's repository cannot be read", {
    flags: { model: undefined, repository: "/no/such/repository", "model-cache": "/tmp/trellis-no-cache" },
  }),
];

const SOURCES: readonly BadInput[] = [
  bad("a table that is missing", 'customers: the source has no table "public"."customers"', {
    source: "DROP TABLE customers",
  }),
  bad(
    "two tables that are missing",
    ["customers: the source has no table", "addresses: the source has no table"],
    {
      source: "DROP TABLE customers, addresses",
    },
  ),
  bad("a column that is missing", "the source table has no column 'email'", {
    source: "ALTER TABLE customers DROP email",
  }),
  bad("a column in another case", "it has 'EMAIL', and case matters", {
    source: 'ALTER TABLE customers RENAME email TO "EMAIL"',
  }),
  bad("a null key", "column id is null in a row", { source: "INSERT INTO customers VALUES (NULL, 'x', 1)" }),
  bad("a null that must not be", "column email is null in a row", {
    source: "INSERT INTO customers VALUES ('C10', NULL, 1)",
  }),
  bad(
    "a key twice",
    [
      "occurs more than once",
      "a key of 2 characters, letters and digits occurs 2 times",
      "--show-values shows the key",
    ],
    {
      source: "INSERT INTO customers VALUES ('C1', 'x', 1)",
    },
  ),
  bad("a text too long", "do not fit character varying(40)", {
    source:
      "ALTER TABLE customers ALTER email TYPE text; UPDATE customers SET email = repeat('x', 41) WHERE id = 'C1'",
  }),
  bad("a number with too many digits", "do not fit numeric(8,2)", {
    source:
      "ALTER TABLE customers ALTER balance TYPE numeric; UPDATE customers SET balance = 0.001 WHERE id = 'C1'",
  }),
  bad("a number too large", "does not fit numeric(8,2)", {
    source:
      "ALTER TABLE customers ALTER balance TYPE numeric; UPDATE customers SET balance = 1e9 WHERE id = 'C1'",
  }),
  bad("text where a number belongs", "does not fit integer", {
    source: "ALTER TABLE addresses ALTER id TYPE text; UPDATE addresses SET id = 'one' WHERE id = '1'",
  }),
  bad("a type that cannot become the model's", "cannot become integer", {
    source: "ALTER TABLE addresses DROP id; ALTER TABLE addresses ADD id date",
  }),
  bad("an empty source", "the source table is empty", { source: "DELETE FROM customers" }),
  bad("too many deletions", "6 of 9 open rows would be deleted, allowed are 50%", {
    source: "DELETE FROM customers WHERE id > 'C3'",
  }),
  bad(
    "an approval of other deletions",
    "the deletions 5-0123456789abcdef were approved, but it would be 6-",
    {
      source: "DELETE FROM customers WHERE id > 'C3'",
      flags: { "approve-deletes": "5-0123456789abcdef" },
    },
  ),
  bad("rows hidden by row security", "row-level security policy", {
    source: `CREATE TABLE hidden (LIKE customers); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; DROP TABLE customers;
      ALTER TABLE hidden RENAME TO customers; ALTER TABLE customers FORCE ROW LEVEL SECURITY;
      ALTER TABLE customers OWNER TO SESSION_USER; GRANT ALL ON SCHEMA public TO bad_input_reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO bad_input_reader`,
    environment: { SOURCE_USER: "bad_input_reader", SOURCE_PASSWORD: "reader" },
  }),
  bad("a table that the user may not read", "may not read", {
    source: "GRANT ALL ON SCHEMA public TO bad_input_reader; GRANT SELECT ON addresses TO bad_input_reader",
    environment: { SOURCE_USER: "bad_input_reader", SOURCE_PASSWORD: "reader" },
  }),
];

export const BAD_INPUTS: readonly BadInput[] = [...MODELS, ...FLAGS, ...SOURCES];
