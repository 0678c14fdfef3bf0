import { type Database, JobError, listProblems } from "../../shared";
import {
  type DatasetSchema,
  incompatibilities,
  isDerived,
  type Stream,
  schemaDifferences,
  schemaOf,
} from "../model";
import type { Batch } from "./batches";
import { areEmpty } from "./first-load";
import { type DatasetTables, type FoundTable, findTables, isSameOwner, ownerOf, tablesOf } from "./tables";

/** What must be done to a merge table before the model's next batch. */
export type Migration = "create" | "remake" | "alter" | "none";

/**
 * Judges the stream's merge tables, without changing anything: throws where the model cannot continue the history that
 * a table holds, and answers what each table needs. A table without rows has no history, so it can be made again.
 */
export async function judgeTables(
  merge: Database,
  stream: Stream,
  committed: Batch | undefined,
): Promise<ReadonlyMap<string, Migration>> {
  const all = stream.datasets.map((dataset) => tablesOf(stream.platform, stream.store, dataset));
  const found = await findTables(
    merge,
    all.map(({ mergeName }) => mergeName),
  );
  const migrations = new Map<string, Migration>();
  const problems: string[] = [];
  for (const tables of all) {
    const table = found.get(tables.mergeName);
    const verdict = table ? judge(stream, tables, table, committed) : "create";
    const isEmpty = table && (typeof verdict !== "string" || !committed) && (await areEmpty(merge, [tables]));
    const misfits =
      typeof verdict !== "string" ? verdict : table && !committed ? [ownerless(stream, tables)] : [];
    if (typeof verdict === "string" && (isEmpty || misfits.length === 0))
      migrations.set(tables.mergeName, verdict);
    else if (isEmpty) migrations.set(tables.mergeName, "remake");
    else problems.push(...misfits.map((problem) => `${tables.dataset.name}: ${problem}`));
  }
  if (problems.length > 0) {
    throw new JobError(
      listProblems(
        `the model is not compatible with the merged rows of ${stream.key}, nothing was changed:`,
        problems,
      ),
    );
  }
  return migrations;
}

function judge(
  stream: Stream,
  tables: DatasetTables,
  found: FoundTable,
  committed: Batch | undefined,
): Migration | string[] {
  const problems = [
    ...ownerProblems(stream, tables, found),
    ...milestoningProblems(stream, tables, found),
    ...clearProblems(stream, tables, committed),
  ];
  if (problems.length > 0) return problems;
  const after = schemaOf(tables.dataset);
  const before = withoutUnused(found.schema, after, committed?.state.job_state.schemas[tables.dataset.name]);
  const schemaProblems = incompatibilities(before, after);
  if (schemaProblems.length > 0) return schemaProblems;
  return schemaDifferences(before, after).length > 0 || !found.owner ? "alter" : "none";
}

/** A model that was put back before its batch committed may have left nullable columns that no row ever used. */
function withoutUnused(
  found: DatasetSchema,
  after: DatasetSchema,
  committed: DatasetSchema | undefined,
): DatasetSchema {
  if (!committed) return found;
  const used = new Set([...after.columns, ...committed.columns].map(({ name }) => name));
  return { ...found, columns: found.columns.filter(({ name, nullable }) => used.has(name) || !nullable) };
}

function ownerProblems(stream: Stream, tables: DatasetTables, { owner }: FoundTable): string[] {
  const ours = ownerOf(stream, tables);
  if (!owner || isSameOwner(owner, ours)) return [];
  const differs = owner.store !== ours.store || owner.dataset !== ours.dataset;
  if (!differs && owner.from !== ours.from) {
    const made = (from: string | undefined) =>
      from === undefined ? "read from a source" : `made from ${from}`;
    return [
      `its history was ${made(owner.from)}, and the model has it ${made(ours.from)}: put it back, or give the store another name`,
    ];
  }
  return [
    differs
      ? `the table ${tables.mergeName} holds the history of the dataset ${owner.dataset} of the store ${owner.store}: ` +
        `put that name back, or give the dataset ${ours.dataset} or the store ${ours.store} another name`
      : `the consistency of ${ours.store} was ${owner.consistency} and is ${ours.consistency}: put it back, or add a ` +
        "store with another name and the new consistency, whose history begins anew",
  ];
}

/** Rows of a version that did not write owners, or whose batch tables are lost: batch 1 would be older than they are. */
const ownerless = ({ store, key }: Stream, { mergeName }: DatasetTables) =>
  `the table ${mergeName} has rows, and the stream ${key} has no committed batch: put back what was changed (the name of ` +
  `the store or of the dataset, or the consistency, which is ${store.capture.consistency}), or give the store another ` +
  "name, whose history begins anew";

function milestoningProblems(
  { platform }: Stream,
  tables: DatasetTables,
  { forensic }: FoundTable,
): string[] {
  if (forensic === tables.forensic) return [];
  const was = forensic ? "batch_milestoned" : "live_only";
  return [
    `the milestoning of ${platform.name} was ${was} and is ${platform.milestoning}: put it back, or add a platform with ` +
      "another name and the new milestoning, whose history begins anew",
  ];
}

/**
 * History keeps what was once copied in clear, so that masking the column later would not mask it. And whoever was
 * granted a masked column must not find clear values in it one day.
 */
function clearProblems(
  { store }: Stream,
  { dataset }: DatasetTables,
  committed: Batch | undefined,
): string[] {
  const { lineage, schemas } = committed?.state.job_state ?? {};
  if (!isDerived(store) || !lineage) return [];
  const merged = new Set(schemas?.[dataset.name]?.columns.map(({ name }) => name));
  const clear = new Set(lineage.clear[dataset.name]);
  const now = store.capture.masks.get(dataset.name)?.columns ?? [];
  return now.flatMap(({ column: { name }, treatment }) => {
    if (treatment !== "keep" && clear.has(name)) {
      return [
        `column ${name} was copied in clear, and merged rows and their history still show it: keep it, or give the dataset ` +
          "another name, whose history begins anew, and drop the old one (infrastructure --drop-unused)",
      ];
    }
    if (treatment === "keep" && merged.has(name) && !clear.has(name)) {
      return [
        `column ${name} was masked, and would be in clear for everybody who was granted it: mask it, or give the dataset another ` +
          "name, whose views are granted anew",
      ];
    }
    return [];
  });
}
