import { quoteIdentifier as quoted } from "../../../shared";
import {
  type AnyStore,
  type ColumnType,
  type Dataset,
  datasetTables,
  equalityIsIdentity,
  isNullable,
  type Platform,
  parseColumnType,
  stagedBatch,
} from "../../model";

/** The column with the digest of the whole row, which identifies the rows of a dataset without a key. */
export const ROW_DIGEST = "ds_surf_key";

export interface StoredColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** The tables of one dataset on one platform, and their columns. */
export interface DatasetTables {
  readonly dataset: Dataset;
  /** Both names are quoted for SQL, with the schema. */
  readonly staging: string;
  readonly merge: string;
  readonly stagingName: string;
  readonly mergeName: string;
  readonly forensic: boolean;
  /** The dataset's own columns, plus the row digest if the dataset has no key. */
  readonly columns: readonly StoredColumn[];
  readonly key: readonly string[];
  /** Whether errors may show values of rows. They end in logs, so by default they tell only what a value is like. */
  readonly showValues?: boolean;
  /** The table that holds one batch, as it is written in SQL. */
  staged(batch: number): string;
}

export function tablesOf(platform: Platform, store: Pick<AnyStore, "name">, dataset: Dataset): DatasetTables {
  const names = datasetTables(platform.name, store.name, dataset.name);
  const keys = dataset.columns.filter((column) => column.key).map((column) => column.name);
  const own = dataset.columns.map((column) => ({
    name: column.name,
    type: column.type,
    nullable: isNullable(column),
  }));
  return {
    dataset,
    staging: inPublic(names.staging),
    merge: inPublic(names.merge),
    stagingName: names.staging,
    mergeName: names.merge,
    forensic: platform.milestoning === "batch_milestoned",
    columns: keys.length > 0 ? own : [...own, { name: ROW_DIGEST, type: DIGEST_TYPE, nullable: false }],
    key: keys.length > 0 ? keys : [ROW_DIGEST],
    staged: (batch) => inPublic(stagedBatch(names.staging, batch)),
  };
}

/** Always includes the schema, so that no search path can select another table. */
export const inPublic = (name: string) => `public.${quoted(name)}`;

/** The columns as an SQL list, each prefixed with the alias if one is given. */
export const columnList = (columns: readonly { readonly name: string }[], alias?: string) =>
  columns.map(({ name }) => (alias ? `${alias}.${quoted(name)}` : quoted(name))).join(", ");

/** The condition for two rows to have the same key. Keys are never null. */
export const sameKey = ({ key }: DatasetTables, a: string, b: string) =>
  key.map((name) => `${a}.${quoted(name)} = ${b}.${quoted(name)}`).join(" AND ");

/**
 * The condition for two rows with the same key to be identical in every column. Where equality does not mean identity,
 * the columns (also those of the key) are compared by their binary form: a change from `1.0` to `1.00` is a change.
 */
export function sameRow({ columns, key }: DatasetTables, a: string, b: string): string {
  const byEquality = columns.filter(({ name, type }) => equalityIsIdentity(type) && !key.includes(name));
  const byImage = columns.filter(({ type }) => !equalityIsIdentity(type));
  const conditions = byEquality.map(
    ({ name }) => `${a}.${quoted(name)} IS NOT DISTINCT FROM ${b}.${quoted(name)}`,
  );
  if (byImage.length > 0) {
    conditions.push(`record_image_eq(ROW(${columnList(byImage, a)}), ROW(${columnList(byImage, b)}))`);
  }
  return conditions.length > 0 ? conditions.join(" AND ") : "true";
}

const DIGEST_TYPE = parseColumnType("bytea") as ColumnType; // safe: this type exists
