import { type Database, JobError, listProblems } from "../../../shared";
import {
  type DatasetMask,
  type DerivedStore,
  datasetTables,
  OPEN_BATCH,
  type Platform,
  platformTables,
  streamKey,
} from "../../model";
import { type DatasetTables, inPublic, ROW_DIGEST } from "../tables";
import { definitionOf, loadMaskKey, renderMask } from "./masking";
import { type Lineage, type SourceRead, type SourceSnapshot, withRowDigest } from "./source";
import { type LockedTable, lockTables, type SourceWait } from "./source-locks";

interface DerivedSource {
  readonly platform: Platform;
  readonly store: DerivedStore;
  readonly datasets: readonly DatasetTables[];
  /** The secret key of the masks. Undefined: not given. */
  readonly maskKey: string | undefined;
}

/**
 * Opens one snapshot of the merge tables from which a derived store is made, which lasts until the session ends. All
 * that leaves a SELECT of it is masked, so that neither staging, statistics nor an error ever holds a clear value.
 * Undefined where those tables have no batch yet.
 */
export async function openDerived(
  merge: Database,
  source: DerivedSource,
  waiting: SourceWait,
): Promise<SourceSnapshot | undefined> {
  const { platform, store, datasets } = source;
  const { from } = store.capture;
  const key = requireKey(source);
  if (key !== undefined) await loadMaskKey(merge, key);

  const stream =
    from.capture.consistency === "MULTI_DATASET"
      ? streamKey(from.name)
      : streamKey(from.name, maskOf(source, datasets[0]).from.name);
  const metrics = inPublic(platformTables(platform.name).metrics);
  const newest = `SELECT batch_id AS batch, extract(epoch FROM batch_end_time) AS ended FROM ${metrics}
    WHERE key = $1 AND batch_status = 'committed' ORDER BY batch_id DESC LIMIT 1`;
  const { rows: any } = await merge.query(newest, [stream]);
  if (any.length === 0) return undefined;

  const tables = datasets.map((each) => tableOf(source, each));
  const problems = await lockTables(merge, tables, {
    ...waiting,
    whose: `the merge tables of ${from.name}`,
    remedy: `run the stream ${stream} first`,
  });
  if (problems.length === 0) {
    for (const [index, each] of datasets.entries()) {
      problems.push(...(await misfits(merge, tables[index], maskOf(source, each), stream)));
    }
  }
  if (problems.length > 0) {
    throw new JobError(
      listProblems(`${store.name} cannot be made from ${from.name}, nothing was changed:`, problems),
    );
  }

  const { rows } = await merge.query<{ batch: number; ended: string }>(newest, [stream]);
  const [read] = rows;
  if (!read) throw new Error(`the stream ${stream} lost its batches`);
  const masks = datasets.map((each) => maskOf(source, each));
  const lineage: Lineage = {
    store: from.name,
    stream,
    batch: read.batch,
    definition: definitionOf(masks, key),
    clear: Object.fromEntries(datasets.map(({ dataset }, index) => [dataset.name, clearOf(masks[index])])),
  };
  const reads = datasets.map((each, index): SourceRead => {
    const where = each.forensic ? `ds_surf_batch_out = ${OPEN_BATCH}` : "true";
    const select = renderMask(from.name, maskOf(source, each), tables[index]?.table ?? "", where);
    return { tables: each, select: each.key.includes(ROW_DIGEST) ? withRowDigest(select) : select };
  });
  // Merge tables change by committed batches only.
  const identity = [stream, read.batch, read.ended, lineage.definition].join("/");
  return { identity, reads, lineage };
}

/** What rows of this store are made from, without a look at the database: whether staged rows are still of use. */
export const currentDefinition = (source: DerivedSource): string =>
  definitionOf(
    source.datasets.map((each) => maskOf(source, each)),
    requireKey(source),
  );

function requireKey({ store, maskKey }: Pick<DerivedSource, "store" | "maskKey">): string | undefined {
  const { key } = store.capture;
  if (key === undefined) return undefined;
  if (maskKey !== undefined) return maskKey;
  throw new JobError(`MASK_KEY is required: ${store.name} is masked with the secret key ${key}`, 2);
}

function maskOf({ store }: Pick<DerivedSource, "store">, tables: DatasetTables | undefined): DatasetMask {
  const mask = store.capture.masks.get(tables?.dataset.name ?? "");
  if (!mask) throw new Error(`${store.name} does not say how ${tables?.dataset.name} is made`);
  return mask;
}

function tableOf(source: DerivedSource, tables: DatasetTables): LockedTable {
  const { from } = maskOf(source, tables);
  const { merge } = datasetTables(source.platform.name, source.store.capture.from.name, from.name);
  return { dataset: tables.dataset.name, table: inPublic(merge) };
}

const clearOf = (mask: DatasetMask | undefined): string[] =>
  mask?.columns.flatMap(({ column, treatment }) => (treatment === "keep" ? [column.name] : [])) ?? [];

/** Columns that the model has and the merge table has not yet, or with another type: its own stream brings them. */
async function misfits(
  merge: Database,
  locked: LockedTable | undefined,
  { from }: DatasetMask,
  stream: string,
): Promise<string[]> {
  const { rows } = await merge.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [locked?.table],
  );
  const found = new Map(rows.map(({ name, type }) => [name, type]));
  return from.columns.flatMap(({ name, type }) => {
    const there = found.get(name);
    if (there === type.sql) return [];
    const what = there === undefined ? "is not yet there" : `is ${there}, and the model says ${type.sql}`;
    return [`${locked?.dataset}: column ${name} of ${locked?.table} ${what}; run the stream ${stream} first`];
  });
}
