import { z } from "zod";
import { type Database, quoteLiteral } from "../../../shared";
import { type DatasetSchema, isDerived, type Stream, streamKey } from "../../model";
import { type DatasetTables, ROW_DIGEST } from "./dataset-tables";

/**
 * The stream and dataset whose history a merge table holds. It is stored as the table's comment: the names of tables
 * alone do not tell, because another store, dataset or consistency can lead to the same name.
 */
const ownerSchema = z.strictObject({
  store: z.string(),
  dataset: z.string(),
  consistency: z.enum(["MULTI_DATASET", "SINGLE_DATASET"]),
  /** What a transformer makes it from, as `store/dataset`. Undefined: the rows of a source database. */
  from: z.string().optional(),
});

type Owner = z.output<typeof ownerSchema>;

const COMMENT = "DataSurface: ";

/** A merge table as the database has it. */
export interface FoundTable {
  /** Undefined for a table that a version without comments made. */
  readonly owner: Owner | undefined;
  readonly forensic: boolean;
  readonly schema: DatasetSchema;
}

export const ownerOf = ({ store }: Stream, { dataset }: DatasetTables): Owner => ({
  store: store.name,
  dataset: dataset.name,
  consistency: store.capture.consistency,
  ...(isDerived(store) && {
    from: `${store.capture.from.name}/${store.capture.masks.get(dataset.name)?.from.name}`,
  }),
});

export const isSameOwner = (a: Owner, b: Owner) =>
  a.store === b.store && a.dataset === b.dataset && a.consistency === b.consistency && a.from === b.from;

/** The stream that the owner is part of. */
export const keyOf = ({ store, dataset, consistency }: Owner) =>
  consistency === "MULTI_DATASET" ? streamKey(store) : streamKey(store, dataset);

export const renderOwner = (stream: Stream, tables: DatasetTables) =>
  `COMMENT ON TABLE ${tables.merge} IS ${quoteLiteral(COMMENT + JSON.stringify(ownerOf(stream, tables)))}`;

/** The merge tables that exist, by name. */
export async function findTables(
  merge: Database,
  names: readonly string[],
): Promise<ReadonlyMap<string, FoundTable>> {
  const { rows } = await merge.query<{
    name: string;
    comment: string | null;
    columns: DatasetSchema["columns"];
    key: string[] | null;
  }>(
    `SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
       (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'nullable', NOT a.attnotnull) ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT jsonb_agg(a.attname ORDER BY part.position)
        FROM pg_constraint AS k, unnest(k.conkey) WITH ORDINALITY AS part (number, position)
          JOIN pg_attribute AS a ON a.attnum = part.number
        WHERE k.conrelid = c.oid AND a.attrelid = c.oid AND k.contype = 'p') AS key
     FROM pg_class AS c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = ANY ($1)`,
    [names],
  );
  return new Map(
    rows.map(({ name, comment, columns, key }) => [
      name,
      {
        owner: parseOwner(comment),
        forensic: columns.some((column) => column.name === "ds_surf_batch_in"),
        schema: {
          columns: columns.filter((column) => !column.name.startsWith("ds_surf_")),
          primaryKey: (key ?? []).filter((column) => column !== "ds_surf_batch_in" && column !== ROW_DIGEST),
        },
      },
    ]),
  );
}

function parseOwner(comment: string | null): Owner | undefined {
  if (!comment?.startsWith(COMMENT)) return undefined;
  try {
    return ownerSchema.parse(JSON.parse(comment.slice(COMMENT.length)));
  } catch {
    return undefined; // somebody's own comment
  }
}
