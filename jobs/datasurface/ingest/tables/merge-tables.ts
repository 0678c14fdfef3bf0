import { quoteIdentifier as quoted } from "../../../shared";
import { belongingTo, OPEN_BATCH } from "../../model";
import { columnList, type DatasetTables, inPublic } from "./dataset-tables";

/** SQL that creates the missing tables of one dataset and keeps the existing ones. */
export function renderDatasetTables(tables: DatasetTables): string {
  const columns = tables.columns.map(
    (column) => `${quoted(column.name)} ${column.type.sql}${column.nullable ? "" : " NOT NULL"}`,
  );
  return `
    CREATE TABLE IF NOT EXISTS ${tables.staging} (
      ${[...columns, "ds_surf_batch_id integer NOT NULL"].join(",\n      ")}
    ) PARTITION BY LIST (ds_surf_batch_id);
    CREATE TABLE IF NOT EXISTS ${tables.merge} (
      ${[...columns, ...ownColumns(tables)].join(",\n      ")}
    );`;
}

/** Constraints of a merge table that hold for every write. The statements fail where a constraint exists already. */
export function renderInvariants(tables: DatasetTables): string {
  return tables.forensic
    ? `${keyConstraints(tables).create}; ${noOverlap(tables)}`
    : keyConstraints(tables).create;
}

/**
 * The primary key, and for forensic tables the rule that a key has one open row, as statements to drop and recreate
 * them.
 */
export function keyConstraints(tables: DatasetTables): { readonly drop: string; readonly create: string } {
  const key = belongingTo(tables.mergeName, "key");
  if (!tables.forensic) {
    return {
      drop: `ALTER TABLE ${tables.merge} DROP CONSTRAINT ${quoted(key)}`,
      create: `ALTER TABLE ${tables.merge} ADD CONSTRAINT ${quoted(key)} PRIMARY KEY (${keysOf(tables)})`,
    };
  }
  const open = belongingTo(tables.mergeName, "open");
  return {
    drop: `ALTER TABLE ${tables.merge} DROP CONSTRAINT ${quoted(key)}; DROP INDEX ${inPublic(open)};
      ALTER TABLE ${tables.merge} DISABLE TRIGGER USER`,
    create: `ALTER TABLE ${tables.merge} ADD CONSTRAINT ${quoted(key)} PRIMARY KEY (${keysOf(tables)}, ds_surf_batch_in);
      CREATE UNIQUE INDEX ${quoted(open)} ON ${tables.merge} (${keysOf(tables)}) WHERE ds_surf_batch_out = ${OPEN_BATCH};
      ALTER TABLE ${tables.merge} ENABLE TRIGGER USER`,
  };
}

export const keysOf = ({ key }: Pick<DatasetTables, "key">) => columnList(key.map((name) => ({ name })));

/**
 * Versions of one key never overlap. A GiST exclusion constraint would enforce the same at twenty times the cost of the
 * merge; this trigger checks, once per statement, the rows that the statement wrote.
 */
function noOverlap(tables: DatasetTables): string {
  const name = belongingTo(tables.mergeName, "overlap");
  const sameKey = tables.key.map((column) => `m.${quoted(column)} = c.${quoted(column)}`).join(" AND ");
  const trigger = (event: string) => `
    CREATE TRIGGER ${quoted(`${name.slice(0, 55)}_${event.toLowerCase()}`)} AFTER ${event} ON ${tables.merge}
      REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ${inPublic(name)}()`;
  return `
    CREATE OR REPLACE FUNCTION ${inPublic(name)}() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF EXISTS (
        SELECT FROM changed AS c JOIN ${tables.merge} AS m ON ${sameKey}
        WHERE m.ds_surf_batch_in <> c.ds_surf_batch_in
          AND m.ds_surf_batch_in <= c.ds_surf_batch_out AND c.ds_surf_batch_in <= m.ds_surf_batch_out
      ) THEN
        RAISE EXCEPTION 'versions of one key overlap in ${tables.mergeName}' USING ERRCODE = 'exclusion_violation';
      END IF;
      RETURN NULL;
    END $body$;
    ${trigger("INSERT")};
    ${trigger("UPDATE")}`;
}

const ownColumns = (tables: DatasetTables): string[] =>
  tables.forensic
    ? [
        "ds_surf_batch_in integer NOT NULL",
        "ds_surf_batch_out integer NOT NULL",
        "CHECK (ds_surf_batch_in >= 1 AND ds_surf_batch_in <= ds_surf_batch_out)",
      ]
    : ["ds_surf_batch_id integer NOT NULL CHECK (ds_surf_batch_id >= 1)"];
