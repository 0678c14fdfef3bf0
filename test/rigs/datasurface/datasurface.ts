import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { views } from "../../../jobs/datasurface/infrastructure";
import { ingest, transform } from "../../../jobs/datasurface/ingest/ingest";
import type { IngestConfig } from "../../../jobs/datasurface/ingest/ingest-config";
import { resetBatch } from "../../../jobs/datasurface/ingest/reset";
import { loadModel, type Model, platformTables, viewNames } from "../../../jobs/datasurface/model";
import { type Context, createLogger, type DatabaseAddress, type Outcome } from "../../../jobs/shared";
import { createDatabase, PASSWORD, sharedPostgres, type TestDatabase } from "../postgres/postgres";

export interface ColumnSpec {
  readonly name: string;
  readonly type: string;
  readonly key?: boolean;
  readonly nullable?: boolean;
  readonly retired?: boolean;
  readonly classification?: string;
}

export interface StoreSpec {
  readonly datasets: Readonly<Record<string, readonly ColumnSpec[]>>;
  readonly consistency?: "MULTI_DATASET" | "SINGLE_DATASET";
  /** @default "sql_snapshot" */
  readonly kind?: "sql_snapshot" | "sql_changes";
  readonly publication?: string;
  readonly deletions?: {
    readonly maxShare?: number;
    readonly maxRows?: number;
    readonly allowEmpty?: boolean;
  };
  readonly schema?: string;
  readonly tables?: Readonly<Record<string, string>>;
}

export type PlatformName = "YellowLive" | "YellowForensic";

/** Lets every deletion through, for tests that are not about the guard. */
export const UNGUARDED = { maxShare: 1, allowEmpty: true };

/** An ecosystem with the two platforms and the given stores, each consumed in whole by one group on each platform. */
export function ecosystemOf(stores: Readonly<Record<string, StoreSpec>>, { keep = 2 } = {}) {
  const sinks = Object.entries(stores).flatMap(([store, { datasets }]) =>
    Object.keys(datasets).map((dataset) => ({ store, dataset })),
  );
  const groups = [
    { name: "LiveDSG", retention: "LIVE_ONLY", dataPlatform: "YellowLive" },
    { name: "ForensicDSG", retention: "FORENSIC", dataPlatform: "YellowForensic" },
  ];
  return {
    ecosystem: {
      ecosystem: "Test",
      provider: { name: "Test_DP", namespace: "test", mergeCredential: "postgres", gitCredential: "git" },
      zones: [{ name: "USA", teams: ["team1"] }],
      platforms: [
        { name: "YellowLive", milestoning: "live_only", stagingBatchesToKeep: keep },
        { name: "YellowForensic", milestoning: "batch_milestoned", stagingBatchesToKeep: keep },
      ],
      stores: Object.entries(stores).map(([name, spec]) => ({
        name,
        team: "team1",
        capture: {
          kind: spec.kind ?? "sql_snapshot",
          ...(spec.publication && { publication: spec.publication }),
          consistency: spec.consistency ?? "MULTI_DATASET",
          credential: "postgres",
          source: { host: "127.0.0.1", database: "customer_db", ...(spec.schema && { schema: spec.schema }) },
          trigger: { external: true },
          ...(spec.tables && { tables: spec.tables }),
        },
        deletions: spec.deletions ?? UNGUARDED,
        datasets: Object.entries(spec.datasets).map(([dataset, columns]) => ({ name: dataset, columns })),
      })),
      workspaces: [
        {
          name: "Consumer1",
          team: "team1",
          groups: groups.map(({ name, retention }) => ({ name, retention, sinks })),
        },
      ],
    },
    assignments: groups.map(({ name, dataPlatform }) => ({
      dsgName: name,
      workspace: "Consumer1",
      assignments: [{ dataPlatform, status: "PROVISIONED" }],
    })),
  };
}

/** Writes a model to a folder of its own, as a repository would hold it. */
export function writeModel({
  ecosystem,
  assignments,
}: {
  ecosystem: unknown;
  assignments?: unknown;
}): string {
  const folder = mkdtempSync(join(tmpdir(), "trellis-model-"));
  writeFileSync(join(folder, "model.yaml"), typeof ecosystem === "string" ? ecosystem : stringify(ecosystem));
  if (assignments !== undefined) {
    const text = typeof assignments === "string" ? assignments : JSON.stringify(assignments);
    writeFileSync(join(folder, "dsg_platform_mapping.json"), text);
  }
  return folder;
}

export function modelOf(stores: Readonly<Record<string, StoreSpec>>, options: { keep?: number } = {}): Model {
  return modelFrom(ecosystemOf(stores, options));
}

/** The model of these files. */
export function modelFrom(files: Parameters<typeof writeModel>[0]): Model {
  const folder = writeModel(files);
  try {
    return loadModel(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Metrics {
  readonly batch_id: number;
  readonly batch_status: string;
  readonly keys_new: number;
  readonly records_inserted: number;
  readonly records_updated: number;
  readonly records_deleted: number;
  readonly unchanged: number;
  readonly total_records: number;
}

/** A source and a merge database, and the jobs that run between them. */
export class World {
  private constructor(
    readonly source: TestDatabase,
    readonly merge: TestDatabase,
    public model: Model,
    readonly context: Context,
  ) {}

  /** `sourceServer` puts the source on a server of its own. */
  static async open(model: Model, server = sharedPostgres(), sourceServer = server): Promise<World> {
    const source = await createDatabase(sourceServer, { label: "source" });
    const merge = await createDatabase(server, { label: "merge" });
    const context: Context = {
      log: createLogger({}, { LOG_LEVEL: "silent" }),
      signal: neverStopped(),
      progress: () => ({ advance: () => undefined, done: () => undefined }),
      print: () => undefined,
    };
    return new World(source, merge, model, context);
  }

  config(platform: PlatformName, store: string, rest: Partial<IngestConfig> = {}): IngestConfig {
    return {
      platform,
      store,
      dataset: undefined,
      source: addressOf(this.source),
      merge: addressOf(this.merge),
      maxSeconds: undefined,
      approved: undefined,
      showValues: false,
      additionsOnly: false,
      datasetsAtOnce: 2,
      changesPerBatch: 500_000,
      joinMemoryMb: 16,
      fullComparisonHours: 24,
      lockWaitSeconds: 60,
      statementSeconds: 600,
      ...rest,
    };
  }

  ingest(platform: PlatformName, store = "Store1", rest: Partial<IngestConfig> = {}): Promise<Outcome> {
    return ingest(this.config(platform, store, rest), this.model, this.context);
  }

  /** Runs a transformer. */
  transform(platform: PlatformName, store: string, rest: Partial<IngestConfig> = {}): Promise<Outcome> {
    return transform(this.config(platform, store, rest), this.model, this.context);
  }

  reset(
    platform: PlatformName,
    store = "Store1",
    rest: { dataset?: string; committedOk?: boolean } = {},
  ): Promise<Outcome> {
    const config = {
      dataset: undefined,
      committedOk: false,
      platform,
      store,
      merge: addressOf(this.merge),
      ...rest,
    };
    return resetBatch(config, this.model, this.context);
  }

  /** Makes the consumer views of both platforms. */
  async makeViews(): Promise<void> {
    for (const platform of ["YellowLive", "YellowForensic"]) {
      await views({ platform, merge: addressOf(this.merge) }, this.model, this.context);
    }
  }

  /** The views of the one consumer. */
  viewNames(platform: PlatformName, store: string, dataset: string) {
    const group = platform === "YellowLive" ? "LiveDSG" : "ForensicDSG";
    return viewNames({ platform, workspace: "Consumer1", group, store, dataset });
  }

  async metrics(platform: PlatformName, key = "Store1"): Promise<Metrics[]> {
    const rows = await this.merge.query<Record<string, string | number>>(
      `SELECT batch_id, batch_status, keys_new, records_inserted, records_updated, records_deleted, unchanged, total_records
       FROM ${platformTables(platform).metrics} WHERE key = $1 ORDER BY batch_id`,
      [key],
    );
    return rows.map((row) => ({
      batch_id: Number(row.batch_id),
      batch_status: String(row.batch_status),
      keys_new: Number(row.keys_new),
      records_inserted: Number(row.records_inserted),
      records_updated: Number(row.records_updated),
      records_deleted: Number(row.records_deleted),
      unchanged: Number(row.unchanged),
      total_records: Number(row.total_records),
    }));
  }

  /** The same source, model and context with another merge database. */
  withMerge(merge: TestDatabase): World {
    return new World(this.source, merge, this.model, this.context);
  }

  async close(): Promise<void> {
    await this.source.drop();
    await this.merge.drop();
  }
}

/** Many sessions may listen to the one signal of a test file. */
function neverStopped(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

export function addressOf(database: TestDatabase): DatabaseAddress {
  const url = new URL(database.url);
  return {
    host: url.hostname,
    port: Number(url.port),
    database: database.name,
    user: "postgres",
    password: PASSWORD,
    sslmode: "disable",
    certificateAuthority: undefined,
  };
}
