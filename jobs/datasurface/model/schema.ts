import { z } from "zod";
import { type ColumnType, parseColumnType } from "./column-type";
import { NAME } from "./names";

/**
 * The schema of `model.yaml` and of the assignments beside it. lint.ts checks what several parts must agree on. Unknown
 * keys are errors here, so that a misspelt setting is never ignored.
 */

/** Reserved words of SQL, which PostgreSQL refuses as unquoted table names. */
const RESERVED = new Set(
  (
    "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create " +
    "current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else " +
    "end except false fetch for foreign from grant group having in initially intersect into lateral leading limit " +
    "localtime localtimestamp not null offset on only or order placing primary references returning select " +
    "session_user some symmetric table then to trailing true union unique user using variadic when where window with"
  ).split(" "),
);

const SYSTEM_COLUMNS = ["ctid", "oid", "tableoid", "xmin", "xmax", "cmin", "cmax"];

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Everybody with push access to the model's repository can write these texts, and templates, shells, SQL and Kubernetes
 * may read them. Therefore each has its own pattern, and none allows a brace, a quote, a `$` or a control character.
 */
const hostName = z
  .string()
  .refine(
    (given) => HOST_NAME.test(given) || z.regexes.ipv6.test(given),
    "allowed: a host name, or an address of IPv4 or IPv6",
  );

const databaseName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/,
    "allowed: at most 63 letters, digits, underscores, dots and hyphens; no hyphen or dot first",
  );

const roleName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,62}$/,
    "allowed: at most 63 letters, digits, underscores, dots, hyphens and @; no hyphen, dot or @ first",
  );

const credential = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,62}$/,
    "allowed: the name of an environment variable, at most 63 characters",
  );

/** Text for people; control characters are refused because terminals execute them. */
const documentation = z
  .string()
  .max(10_000, "is longer than 10000 characters")
  .regex(/^(?:[^\p{Cc}]|[\t\r\n])*$/u, "allowed: text, tabs and line ends, and no other control characters");

const classification = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_ .:/-]{0,63}$/,
    "allowed: at most 64 letters, digits, spaces and any of _ . : / -",
  );

const name = z.string().regex(NAME, "allowed: a letter, then at most 127 letters, digits or underscores");

const identifier = name
  .refine((given) => !RESERVED.has(given.toLowerCase()), "is a reserved word of SQL")
  .refine((given) => given.length <= 63, "is longer than the 63 characters that PostgreSQL keeps");

/** Always quoted in SQL, so that sources keep their names: reserved words and letters of any language are allowed. */
const columnName = z
  .string()
  .regex(
    /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u,
    "allowed: a letter of any language or an underscore, then letters, digits or underscores",
  )
  .refine(
    (given) => Buffer.byteLength(given) <= 63,
    "is longer than the 63 bytes (in UTF-8) that PostgreSQL keeps",
  )
  .refine(
    (given) => !given.toLowerCase().startsWith("ds_surf_"),
    "ds_surf_ is kept for the columns that ingestion adds",
  )
  .refine((given) => !SYSTEM_COLUMNS.includes(given.toLowerCase()), "is a system column of PostgreSQL");

const columnType = z.string().transform((written, issues): ColumnType => {
  const parsed = parseColumnType(written);
  if (typeof parsed !== "string") return parsed;
  issues.addIssue({ code: "custom", message: parsed });
  return z.NEVER;
});

const column = z.strictObject({
  name: columnName,
  type: columnType,
  /** Whether the column is part of the key; the key has the columns' order. */
  key: z.boolean().default(false),
  /** Defaults to true, and to false for a key column. */
  nullable: z.boolean().optional(),
  /**
   * Whether the source no longer has the column. It stays in the tables and views, keeps the values that were merged,
   * and is null in every row that is merged from now on.
   */
  retired: z.boolean().default(false),
  /** The kind of information, such as CPI for customers' personal information. */
  classification: classification.optional(),
});

const dataset = z.strictObject({
  name: identifier,
  documentation: documentation.optional(),
  deprecated: z.boolean().default(false),
  columns: z.array(column).min(1, "needs at least one column"),
});

/** When to stop a batch that deletes too much, before its merge. */
const deletions = z.strictObject({
  /** The largest share of a dataset's open rows that one batch may delete. */
  maxShare: z.number().min(0).max(1).default(0.5),
  /** The largest number of a dataset's rows that one batch may delete. */
  maxRows: z.number().int().min(0).optional(),
  /** Whether an empty source table is accepted as a deletion of all rows. */
  allowEmpty: z.boolean().default(false),
});

const cron = z
  .string()
  .regex(
    /^(@(hourly|daily|weekly|monthly|yearly)|[A-Za-z0-9*,/#?-]{1,100}( [A-Za-z0-9*,/#?-]{1,100}){4})$/,
    "allowed: a cron expression of five fields, or @hourly and the like",
  );

const quantities = z
  .strictObject({
    cpu: z.string().regex(/^(\d{1,6}m|\d{1,3}(\.\d{1,3})?)$/, "allowed: such as 500m or 2"),
    memory: z.string().regex(/^\d{1,7}(Mi|Gi)$/, "allowed: such as 512Mi or 2Gi"),
  })
  .partial();

const store = z.strictObject({
  name,
  team: name,
  documentation: documentation.optional(),
  production: z.boolean().default(false),
  capture: z.strictObject({
    kind: z.literal("sql_snapshot", "allowed: sql_snapshot"),
    consistency: z.enum(["MULTI_DATASET", "SINGLE_DATASET"], "allowed: MULTI_DATASET, SINGLE_DATASET"),
    /** The name of the credential; its user and password are in the job's environment. */
    credential,
    source: z.strictObject({
      host: hostName,
      port: z.number().int().min(1).max(65535).default(5432),
      database: databaseName,
      schema: identifier.default("public"),
      /** Has no effect: whether a server must prove who it is, is decided by whoever holds the login. */
      sslmode: z
        .literal(
          "verify-full",
          "allowed: verify-full; the stack's settings decide (datasurface.logins.<name>.tls)",
        )
        .optional(),
    }),
    trigger: z.union(
      [z.strictObject({ cron }), z.strictObject({ external: z.literal(true) })],
      'allowed: { cron: "* * * * *" } or { external: true }',
    ),
    /** Source table names that differ from the dataset names; either empty or complete. */
    tables: z.record(name, identifier).default({}),
  }),
  /** Resource requests and limits of this store's runs; the defaults for all stores apply where a value is missing. */
  resources: z.strictObject({ requests: quantities.default({}), limits: quantities.default({}) }).optional(),
  deletions: deletions.default({ maxShare: 0.5, allowEmpty: false }),
  datasets: z.array(dataset).min(1, "needs at least one dataset"),
});

const platform = z.strictObject({
  name,
  milestoning: z.enum(["live_only", "batch_milestoned"], "allowed: live_only, batch_milestoned"),
  /** How many committed batches keep their rows in staging; -1 keeps none. */
  stagingBatchesToKeep: z.number().int().min(-1).default(50),
});

const sink = z.strictObject({
  store: name,
  dataset: identifier,
  deprecations: z.enum(["NEVER", "ALLOWED"], "allowed: NEVER, ALLOWED").default("NEVER"),
});

const group = z.strictObject({
  name,
  retention: z.enum(["LIVE_ONLY", "FORENSIC"], "allowed: LIVE_ONLY, FORENSIC"),
  latency: z
    .enum(["SECONDS", "MINUTES", "HOURS", "DAYS"], "allowed: SECONDS, MINUTES, HOURS, DAYS")
    .default("MINUTES"),
  sinks: z.array(sink).min(1, "needs at least one sink"),
});

const workspace = z.strictObject({
  name,
  team: name,
  priority: z.enum(["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"]).default("UNKNOWN"),
  /** Database roles that may read this workspace's views. */
  readers: z.array(roleName).default([]),
  groups: z.array(group).min(1, "needs at least one dataset group"),
});

export const ecosystemSchema = z.strictObject({
  ecosystem: name,
  provider: z.strictObject({
    name,
    namespace: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "allowed: a name that Kubernetes takes for a namespace"),
    mergeDatabase: databaseName.default("datasurface_merge"),
    mergeCredential: credential,
    gitCredential: credential,
  }),
  zones: z.array(z.strictObject({ name, teams: z.array(name).min(1) })).min(1),
  platforms: z.array(platform).min(1, "needs at least one platform"),
  stores: z.array(store),
  workspaces: z.array(workspace),
});

/** `dsg_platform_mapping.json`: which platform serves which group of which workspace. */
export const assignmentsSchema = z.array(
  z.strictObject({
    dsgName: name,
    workspace: name,
    assignments: z.array(
      z.strictObject({
        dataPlatform: name,
        documentation: documentation.optional(),
        productionStatus: z.enum(["PRODUCTION", "NOT_PRODUCTION"]).default("NOT_PRODUCTION"),
        deprecationsAllowed: z.enum(["NEVER", "ALLOWED"]).default("NEVER"),
        status: z.enum(
          ["PROVISIONING", "PROVISIONED", "DECOMMISSIONING", "DECOMMISSIONED"],
          "allowed: PROVISIONING, PROVISIONED, DECOMMISSIONING, DECOMMISSIONED",
        ),
      }),
    ),
  }),
);

export type Ecosystem = z.output<typeof ecosystemSchema>;
export type Assignments = z.output<typeof assignmentsSchema>;
export type Store = Ecosystem["stores"][number];
export type Platform = Ecosystem["platforms"][number];
export type Workspace = Ecosystem["workspaces"][number];
export type Dataset = Store["datasets"][number];

/** The ecosystem, and which platforms serve which groups. */
export interface Model {
  readonly ecosystem: Ecosystem;
  readonly assignments: Assignments;
}
