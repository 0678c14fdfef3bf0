import { type Database, JobError, quoteIdentifier as quoted, sqlState } from "../../../shared";
import { fitIdentifier, OPEN_BATCH } from "../../model";
import { type Changes, findChanges, lockAgainstWriters } from "../merge";
import { columnList, type DatasetTables, keysOf, sameKey, sameRow } from "../tables";
import type { ChangeLog } from "./change-log";

/**
 * Brings a batch's changes of one dataset to what a merge applies: the last row of each key goes to staging, and a key that is
 * gone is found among the open rows. What a row then has in common with the merged one is no change, as with a snapshot.
 */
export async function netChanges(
  merge: Database,
  log: ChangeLog,
  { batch, open }: { readonly batch: number; readonly open: number },
): Promise<Changes> {
  const { tables } = log;
  await lockAgainstWriters(merge, tables);
  const last = quoted(fitIdentifier(`last_of_${tables.dataset.name}`));
  await merge.query(`
    CREATE TEMPORARY TABLE ${last} ON COMMIT DROP AS
    SELECT DISTINCT ON (${keysOf(tables)}) * FROM ${log.table} WHERE ds_surf_seq > ${log.truncated}
    ORDER BY ${keysOf(tables)}, ds_surf_seq DESC`);
  if (log.unchanged.size > 0) await fillUnchanged(merge, log, `pg_temp.${last}`);
  const staged = tables.staged(batch);
  const columns = columnList(tables.columns);
  await merge.query(`
    DROP TABLE IF EXISTS ${staged};
    CREATE UNLOGGED TABLE ${staged} (LIKE ${tables.staging}, CHECK (ds_surf_batch_id = ${batch}));
    ALTER TABLE ${staged} ALTER ds_surf_batch_id SET DEFAULT ${batch}`);
  const total = await fill(
    merge,
    tables,
    `INSERT INTO ${staged} (${columns}) SELECT ${columns} FROM pg_temp.${last} WHERE NOT ds_surf_gone`,
  );
  await merge.query(`ALTER TABLE ${tables.staging} ATTACH PARTITION ${staged} FOR VALUES IN (${batch})`);
  // After a TRUNCATE the rows that followed it are all that the source has.
  if (log.truncated > 0) return findChanges(merge, tables, batch, total);

  const name = quoted(fitIdentifier(`changes_of_${tables.dataset.name}`));
  const table = `pg_temp.${name}`;
  const openRows = `(SELECT ctid AS ds_surf_place, ${columns} FROM ${tables.merge} AS m WHERE ${isOpen(tables)})`;
  await merge.query(`
    ANALYZE pg_temp.${last}; ANALYZE ${staged};
    CREATE TEMPORARY TABLE ${name} ON COMMIT DROP AS
    SELECT s.ds_surf_place AS staged, m.ds_surf_place AS merged
    FROM (SELECT ctid AS ds_surf_place, ${columns} FROM ${staged}) AS s
    LEFT JOIN ${openRows} AS m ON ${sameKey(tables, "s", "m")}
    WHERE m.ds_surf_place IS NULL OR NOT (${sameRow(tables, "s", "m")})
    UNION ALL
    SELECT NULL, m.ds_surf_place FROM pg_temp.${last} AS s JOIN ${openRows} AS m ON ${sameKey(tables, "s", "m")}
    WHERE s.ds_surf_gone`);
  const { rows } = await merge.query<{ new: number; updated: number; deleted: number }>(
    `SELECT count(*) FILTER (WHERE merged IS NULL)::int AS new, count(*) FILTER (WHERE staged IS NULL)::int AS deleted,
       count(*) FILTER (WHERE merged IS NOT NULL AND staged IS NOT NULL)::int AS updated FROM ${table}`,
  );
  const { new: keysNew = 0, updated = 0, deleted = 0 } = rows[0] ?? {};
  return { tables, table, open, total: open + keysNew - deleted, keysNew, updated, deleted, first: false };
}

const isOpen = ({ forensic }: DatasetTables) => (forensic ? `m.ds_surf_batch_out = ${OPEN_BATCH}` : "true");

async function fill(merge: Database, { dataset }: DatasetTables, insert: string): Promise<number> {
  try {
    return (await merge.query(insert)).rowCount ?? 0;
  } catch (error) {
    if (sqlState(error) !== "23502") throw error;
    const { column } = error as { column?: string }; // safe: errors of this state are the server's, and name the column
    throw new JobError(
      `${dataset.name}: column ${column} is null in a row of the source, and the model says that it never is; ` +
        `mend the row (WHERE ${quoted(column ?? "")} IS NULL), or make the column nullable in the model`,
      1,
      { cause: error },
    );
  }
}

/**
 * An UPDATE does not tell the values outside of the row (TOAST) that it left alone. Each is in the last change before that
 * told it, of the same row under whatever key it then had, or else in the merged row.
 */
async function fillUnchanged(merge: Database, log: ChangeLog, last: string): Promise<void> {
  const { tables, fromColumns } = log;
  const told = tables.columns
    .map(({ name }, at) => ({ name: quoted(name), at: at + 1 }))
    .filter(({ at }) => log.unchanged.has(at));
  const from = fromColumns.join(", ");
  const sameAsFrom = (row: string, of: string) =>
    tables.key.map((name, index) => `${row}.${quoted(name)} = ${of}.${fromColumns[index]}`).join(" AND ");
  const found = quoted(fitIdentifier(`found_of_${tables.dataset.name}`));
  const taken = (missing: string, then: string, otherwise: string) =>
    told
      .map(
        ({ name, at }) =>
          `CASE WHEN ${at} = ANY (${missing}) THEN ${then}.${name} ELSE ${otherwise}.${name} END AS ${name}`,
      )
      .join(", ");
  await merge.query(`
    CREATE INDEX ON ${log.table} (${keysOf(tables)}, ds_surf_seq); ANALYZE ${log.table};
    CREATE TEMPORARY TABLE ${found} ON COMMIT DROP AS
    WITH RECURSIVE back AS (
      SELECT ds_surf_seq AS last, 0 AS depth, ds_surf_unchanged AS missing, ds_surf_before AS before, ${from},
        ${told.map(({ name }) => name).join(", ")}
      FROM ${last} WHERE ds_surf_unchanged IS NOT NULL AND NOT ds_surf_gone
      UNION ALL
      SELECT b.last, b.depth + 1,
        ARRAY(SELECT unnest(b.missing) INTERSECT SELECT unnest(p.ds_surf_unchanged)), p.ds_surf_before,
        ${fromColumns.map((name) => `p.${name}`).join(", ")}, ${taken("b.missing", "p", "b")}
      FROM back AS b CROSS JOIN LATERAL (
        SELECT * FROM ${log.table} AS l WHERE ${sameAsFrom("l", "b")} AND l.ds_surf_seq < b.before
        ORDER BY l.ds_surf_seq DESC LIMIT 1
      ) AS p WHERE cardinality(b.missing) > 0
    )
    SELECT DISTINCT ON (b.last) b.last, cardinality(b.missing) > 0 AND m.ds_surf_place IS NULL AS lost, ${taken("b.missing", "m", "b")}
    FROM back AS b LEFT JOIN (SELECT m.ctid AS ds_surf_place, * FROM ${tables.merge} AS m WHERE ${isOpen(tables)}) AS m
      ON cardinality(b.missing) > 0 AND ${sameAsFrom("m", "b")}
    ORDER BY b.last, b.depth DESC`);
  const { rows } = await merge.query<{ lost: string }>(
    `SELECT count(*) AS lost FROM pg_temp.${found} WHERE lost`,
  );
  if (Number(rows[0]?.lost) > 0) {
    throw new JobError(
      `${tables.dataset.name}: ${rows[0]?.lost} rows were updated that ${tables.mergeName} does not have, nothing was merged: somebody ` +
        "else changed that table; read the source in whole: --from-snapshot",
    );
  }
  await merge.query(
    `UPDATE ${last} AS l SET ${told.map(({ name }) => `${name} = f.${name}`).join(", ")}
     FROM pg_temp.${found} AS f WHERE l.ds_surf_seq = f.last`,
  );
}
