import { createHash } from "node:crypto";
import { type ColumnType, isWidening, parseColumnType } from "./column-type";
import type { Dataset } from "./schema";

/** The part of a dataset that its tables depend on; each batch stores it. */
export interface DatasetSchema {
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  readonly primaryKey: readonly string[];
}

export function schemaOf(dataset: Dataset): DatasetSchema {
  return {
    columns: dataset.columns.map((column) => ({
      name: column.name,
      type: column.type.sql,
      nullable: isNullable(column),
    })),
    primaryKey: dataset.columns.filter((column) => column.key).map((column) => column.name),
  };
}

/** A retired column is null in every row from its retirement on. */
export const isNullable = ({ retired, nullable, key }: Dataset["columns"][number]) =>
  retired || (nullable ?? !key);

/** Independent of the order in which the model lists the columns. */
export function schemaHash({ columns, primaryKey }: DatasetSchema): string {
  const sorted = [...columns].sort((a, b) => (a.name < b.name ? -1 : 1));
  const canonical = JSON.stringify({
    columns: sorted.map(({ name, type, nullable }) => [name, type, nullable]),
    primaryKey,
  });
  return createHash("md5").update(canonical).digest("hex");
}

/** The differences, as text. */
export function schemaDifferences(before: DatasetSchema, after: DatasetSchema): string[] {
  const then = new Map(before.columns.map((column) => [column.name, column]));
  const now = new Map(after.columns.map((column) => [column.name, column]));
  return [
    ...after.columns
      .filter(({ name }) => !then.has(name))
      .map(({ name, type }) => `column ${name} (${type}) is new`),
    ...before.columns.filter(({ name }) => !now.has(name)).map(({ name }) => `column ${name} is gone`),
    ...after.columns.flatMap(({ name, type, nullable }) => {
      const old = then.get(name);
      if (!old) return [];
      return [
        ...(old.type === type ? [] : [`column ${name} was ${old.type} and is ${type}`]),
        ...(old.nullable === nullable
          ? []
          : [`column ${name} ${nullable ? "has become" : "is no longer"} nullable`]),
      ];
    }),
    ...(sameKey(before, after) ? [] : [`the key was ${keyOf(before)} and is ${keyOf(after)}`]),
  ];
}

/**
 * What makes a model incompatible with the merged rows, each with the way out: a removed column, a changed key, a new
 * column that those rows cannot fill, a type that cannot hold every old value.
 */
export function incompatibilities(before: DatasetSchema, after: DatasetSchema): string[] {
  const now = new Map(after.columns.map((column) => [column.name, column]));
  const then = new Set(before.columns.map(({ name }) => name));
  return [
    ...before.columns.flatMap((old) => {
      const column = now.get(old.name);
      if (!column)
        return [
          `column ${old.name} was removed; put it back, with "retired: true" if the source no longer has it`,
        ];
      const [from, to] = [typeOf(old.type), typeOf(column.type)];
      return [
        ...(from && to && isWidening(from, to)
          ? []
          : [
              `column ${old.name} was ${old.type} and cannot become ${column.type}; only a wider type is allowed: ${ANEW}`,
            ]),
        ...(old.nullable && !column.nullable
          ? [
              `column ${old.name} is no longer nullable, and merged rows may have nulls; make it nullable again`,
            ]
          : []),
      ];
    }),
    ...after.columns
      .filter(({ name, nullable }) => !then.has(name) && !nullable)
      .map(
        ({ name }) =>
          `column ${name} is new and must be nullable: the rows that are there have no value for it`,
      ),
    ...(sameKey(before, after)
      ? []
      : [`the key was ${keyOf(before)} and cannot become ${keyOf(after)}: ${ANEW}`]),
  ];
}

const ANEW =
  "put it back, or give the dataset another name (the store's capture.tables names its source table), whose history begins anew";

const sameKey = (a: DatasetSchema, b: DatasetSchema) => a.primaryKey.join() === b.primaryKey.join();
const keyOf = ({ primaryKey }: DatasetSchema) =>
  primaryKey.length > 0 ? `(${primaryKey.join(", ")})` : "the whole row";

function typeOf(sql: string): ColumnType | undefined {
  const parsed = parseColumnType(sql);
  return typeof parsed === "string" ? undefined : parsed;
}
