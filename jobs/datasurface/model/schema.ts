import { z } from "zod";
import { type ColumnType, parseColumnType } from "./column-type";
import {
  classification,
  columnName,
  credential,
  databaseName,
  deletions,
  documentation,
  hostName,
  identifier,
  name,
  resources,
  roleName,
  trigger,
} from "./fields";
import { transformer } from "./transformer";

/**
 * The schema of `model.yaml` and of the assignments beside it. lint.ts checks what several parts must agree on. Unknown
 * keys are errors here, so that a misspelt setting is never ignored.
 */

const columnType = z.string().transform((written, issues): ColumnType => {
  const parsed = parseColumnType(written);
  if (typeof parsed !== "string") return parsed;
  issues.addIssue({ code: "custom", message: parsed });
  return z.NEVER;
});

const column = z.strictObject({
  name: columnName,
  type: columnType,
  key: z
    .boolean()
    .default(false)
    .describe("Whether the column is part of the key. The key has the columns' order."),
  nullable: z.boolean().optional().describe("Defaults to true, and to false for a column of the key."),
  retired: z
    .boolean()
    .default(false)
    .describe(
      "Whether the source no longer has the column. It stays in the tables and views, keeps the values that were merged, and is null in every row that is merged from now on.",
    ),
  classification: classification
    .optional()
    .describe("The kind of information, such as CPI for customers' personal information."),
});

const dataset = z.strictObject({
  name: identifier,
  documentation: documentation.optional(),
  deprecated: z.boolean().default(false),
  columns: z.array(column).min(1, "needs at least one column"),
});

const store = z.strictObject({
  name,
  team: name,
  documentation: documentation.optional(),
  production: z.boolean().default(false),
  capture: z.strictObject({
    kind: z
      .enum(["sql_snapshot", "sql_changes"], "allowed: sql_snapshot, sql_changes")
      .describe(
        "How a batch finds the source's changes: sql_snapshot reads all rows and compares them; sql_changes reads them once, and then the changes from PostgreSQL's log by logical decoding.",
      ),
    publication: identifier
      .optional()
      .describe(
        "For sql_changes: the source's publication of these tables, where the source's login may not make one.",
      ),
    consistency: z.enum(["MULTI_DATASET", "SINGLE_DATASET"], "allowed: MULTI_DATASET, SINGLE_DATASET"),
    credential: credential.describe("The name of the source's login; the stack has its user and password."),
    source: z.strictObject({
      host: hostName,
      port: z.number().int().min(1).max(65535).default(5432),
      database: databaseName,
      schema: identifier.default("public"),
      sslmode: z
        .literal(
          "verify-full",
          "allowed: verify-full; the stack's settings decide (datasurface.logins.<name>.tls)",
        )
        .optional()
        .describe("Has no effect: whoever holds the login decides whether a server must prove who it is."),
    }),
    trigger,
    tables: z
      .record(name, identifier)
      .default({})
      .describe("The source's tables by dataset, where their names differ; empty or complete."),
  }),
  resources: resources
    .optional()
    .describe("Requests and limits of this store's runs. A missing value is the default of all stores."),
  deletions: deletions.default({ maxShare: 0.5, allowEmpty: false }),
  datasets: z.array(dataset).min(1, "needs at least one dataset"),
});

const platform = z.strictObject({
  name,
  milestoning: z.enum(["live_only", "batch_milestoned"], "allowed: live_only, batch_milestoned"),
  stagingBatchesToKeep: z
    .number()
    .int()
    .min(-1)
    .default(50)
    .describe(
      "How many committed batches keep their rows in staging; -1 keeps none. A batch that found the rows of the batch before may keep no copy of them.",
    ),
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
  readers: z
    .array(roleName)
    .default([])
    .describe("The roles of the merge database that may read this workspace's views."),
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
  transformers: z
    .array(transformer)
    .default([])
    .describe("Copies of stores with masked or selected columns. Each is a store of its own to consumers."),
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

/** The ecosystem as its file describes it, without the stores that its transformers make. */
export type DescribedEcosystem = z.output<typeof ecosystemSchema>;
export type Assignments = z.output<typeof assignmentsSchema>;
export type Store = DescribedEcosystem["stores"][number];
export type Platform = DescribedEcosystem["platforms"][number];
export type Workspace = DescribedEcosystem["workspaces"][number];
export type Dataset = Store["datasets"][number];
