import type { Context, Database } from "../../shared";
import { OPEN_BATCH } from "../model";
import type { SourceRead } from "./source";
import { type Copied, copyRows } from "./staging";
import { type DatasetTables, keyConstraints } from "./tables";

/** Whether nothing was ever merged into these tables. */
export async function areEmpty(merge: Database, datasets: readonly DatasetTables[]): Promise<boolean> {
  const any = datasets.map(({ merge: table }) => `EXISTS (SELECT FROM ${table})`).join(" OR ");
  const { rows } = await merge.query<{ any: boolean }>(`SELECT ${any} AS any`);
  return rows[0]?.any === false;
}

/**
 * Copies a dataset straight into its empty merge table, because there are no rows to compare with. The data crosses the
 * network once and is written once, and the indexes are built afterwards. Duplicate keys make the load fail, as they
 * must.
 */
export async function loadIntoEmpty(
  source: Database,
  merge: Database,
  read: SourceRead,
  batch: number,
  context: Pick<Context, "progress" | "signal">,
): Promise<Copied> {
  const { tables } = read;
  const { drop, create } = keyConstraints(tables);
  const validity = tables.forensic
    ? { ds_surf_batch_in: batch, ds_surf_batch_out: OPEN_BATCH }
    : { ds_surf_batch_id: batch };
  const defaults = (change: (value: number) => string) =>
    Object.entries(validity)
      .map(([column, value]) => `ALTER COLUMN ${column} ${change(value)}`)
      .join(", ");

  await merge.query(`${drop}; ALTER TABLE ${tables.merge} ${defaults((value) => `SET DEFAULT ${value}`)}`);
  if (!(await areEmpty(merge, [tables]))) throw new Error(`${tables.mergeName} is no longer empty`);
  const copied = await copyRows(source, merge, read, tables.merge, "FORMAT binary", context);
  await merge.query(`ALTER TABLE ${tables.merge} ${defaults(() => "DROP DEFAULT")}; ${create}`);
  return copied;
}
