import { randomUUID } from "node:crypto";
import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  ObjectStore,
  type ObjectStoreAddress,
  type Outcome,
  transaction,
  tryLock,
  withDatabase,
} from "../../shared";
import { inPublic, tablesOf } from "../ingest";
import { findStream, type Model, platformTables, type Stream } from "../model";
import { type LakeDataset, lakeKeys, type Manifest, readManifest, renderManifest } from "./manifest";
import { lakeColumns, writeDataset } from "./write-dataset";

interface LakeConfig {
  readonly platform: string;
  readonly store: string;
  readonly dataset: string | undefined;
  readonly merge: DatabaseAddress;
  readonly lake: ObjectStoreAddress;
  /** How many batches stay in the lake. */
  readonly keep: number;
}

/**
 * Writes the newest committed batch of a stream to object storage. Its manifest is one object and comes last, so that a
 * reader finds a batch in whole or not at all, and a batch that has a manifest is never written again.
 */
export async function lake(config: LakeConfig, model: Model, context: Context): Promise<Outcome> {
  const stream = findStream(model, config);
  const store = new ObjectStore(config.lake, context.signal);
  await store.check();
  const name = `datasurface lake ${stream.platform.name} ${stream.key}`;
  const opening = { purpose: "the merge database", applicationName: name, signal: context.signal };
  return withDatabase(config.merge, opening, async (merge): Promise<Outcome> => {
    if (!(await tryLock(merge, name)))
      throw new JobError(
        `${stream.key} on ${stream.platform.name} is busy: another run writes it to the lake`,
      );
    return new Writing(stream, store, merge, context, config.keep).go();
  });
}

interface Committed {
  readonly batch: number;
  readonly at: string;
}

class Writing {
  private readonly keys;
  private readonly run = randomUUID().slice(0, 8);
  private readonly metrics: string;

  constructor(
    private readonly stream: Stream,
    private readonly store: ObjectStore,
    private readonly merge: Database,
    private readonly context: Context,
    private readonly keep: number,
  ) {
    this.keys = lakeKeys(stream.platform.name, stream.key);
    this.metrics = inPublic(platformTables(stream.platform.name).metrics);
  }

  async go(): Promise<Outcome> {
    const former = await this.newestManifest();
    // One snapshot shows the newest batch and exactly its rows.
    const manifest = await transaction(
      this.merge,
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      async () => {
        const committed = await this.committed();
        if (!committed) return undefined;
        if (former && former.batch >= committed.batch) return former;
        return this.write(committed, former);
      },
    );
    if (!manifest) {
      this.context.log.warn(`${this.stream.key} has no committed batch yet: nothing to do`);
      return "done";
    }
    if (manifest !== former)
      await this.store.write(this.keys.manifest(manifest.batch), renderManifest(manifest), { patient: true });
    await this.store.write(this.keys.latest, renderManifest(manifest), { patient: true });
    await this.prune();
    return "done";
  }

  private async newestManifest(): Promise<Manifest | undefined> {
    const found = await this.store.list(this.keys.manifests);
    const newest = found
      .map(({ key }) => key)
      .sort()
      .at(-1);
    return newest === undefined ? undefined : readManifest(this.store, newest);
  }

  private async committed(): Promise<Committed | undefined> {
    const { rows: there } = await this.merge.query<{ there: boolean }>(
      "SELECT to_regclass($1) IS NOT NULL AS there",
      [this.metrics],
    );
    if (!there[0]?.there) return undefined;
    const { rows } = await this.merge.query<Committed>(
      `SELECT batch_id AS batch, batch_end_time::text AS at FROM ${this.metrics}
       WHERE key = $1 AND batch_status = 'committed' ORDER BY batch_id DESC LIMIT 1`,
      [this.stream.key],
    );
    return rows[0];
  }

  private async write({ batch, at }: Committed, former: Manifest | undefined): Promise<Manifest> {
    const { platform, store, key, datasets } = this.stream;
    const written: Record<string, LakeDataset> = {};
    for (const dataset of datasets) {
      const started = performance.now();
      const tables = tablesOf(platform, store, dataset);
      const kept = former?.datasets[dataset.name];
      const columns = lakeColumns(tables).map(({ name, type }) => ({ name, type }));
      const isSame =
        kept !== undefined &&
        JSON.stringify(kept.columns) === JSON.stringify(columns) &&
        !(await this.changedSince(dataset.name, former?.batch ?? 0, batch));
      const keyOf = (number: number) => this.keys.part(dataset.name, batch, this.run, number);
      const { merge, store: objects, context } = this;
      const now = isSame ? kept : await writeDataset({ merge, store: objects, tables, keyOf, context });
      written[dataset.name] = now;
      const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
      const figures = { batch, dataset: dataset.name, rows: now.rows, files: now.files.length, seconds };
      this.context.log.info(figures, `${isSame ? "kept" : "wrote"} ${dataset.name}: ${now.rows} rows`);
    }
    const versions = platform.milestoning === "batch_milestoned";
    return {
      version: 1,
      platform: platform.name,
      stream: key,
      batch,
      committedAt: `${at.replace(" ", "T")}Z`,
      versions,
      datasets: written,
    };
  }

  /** Whether a batch changed rows; one that does not tell did. */
  private async changedSince(dataset: string, from: number, to: number): Promise<boolean> {
    const { rows } = await this.merge.query<{ same: boolean; batches: number }>(
      `SELECT count(*)::int AS batches, coalesce(bool_and((datasets -> $2 ->> 'keys_new')::bigint
         + (datasets -> $2 ->> 'records_updated')::bigint + (datasets -> $2 ->> 'records_deleted')::bigint = 0), false) AS same
       FROM ${this.metrics} WHERE key = $1 AND batch_id > $3 AND batch_id <= $4 AND batch_status = 'committed'
         AND datasets ? $2`,
      [this.stream.key, dataset, from, to],
    );
    return !rows[0]?.same || rows[0].batches !== to - from;
  }

  /** Removes old manifests, and then the files that no manifest names: those of old batches and of runs that were killed. */
  private async prune(): Promise<void> {
    const objects = await this.store.list(this.keys.folder);
    const manifests = objects
      .map(({ key }) => key)
      .filter((key) => key.startsWith(this.keys.manifests))
      .sort();
    const old = manifests.slice(0, -this.keep);
    for (const key of old) await this.store.remove(key);
    const named = new Set<string>();
    for (const key of manifests.slice(-this.keep)) {
      const manifest = await readManifest(this.store, key);
      for (const dataset of Object.values(manifest?.datasets ?? {}))
        for (const { key } of dataset.files) named.add(key);
    }
    const orphans = objects.filter(
      ({ key }) => key.startsWith(`${this.keys.folder}data/`) && !named.has(key),
    );
    for (const { key } of orphans) await this.store.remove(key);
    if (old.length + orphans.length > 0)
      this.context.log.info(
        { manifests: old.length, files: orphans.length },
        "removed old batches from the lake",
      );
  }
}
