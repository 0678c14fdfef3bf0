import { quoteIdentifier as quoted } from "../../shared";
import {
  type ColumnType,
  type Dataset,
  datasetTables,
  equalityIsIdentity,
  type Platform,
  parseColumnType,
  type Store,
  stagedBatch,
} from "../model";

/** The batch number that stands for "still valid" in a forensic table: the largest integer. */
export const OPEN = 2147483647;

/** A dataset without a key is identified by the digest of its whole row, in this column. */
export const ROW_DIGEST = "ds_surf_key";

export interface StoredColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** Where one dataset's rows live on one platform, and what they look like there. */
export interface DatasetTables {
  readonly dataset: Dataset;
  /** Both as they stand in SQL. */
  readonly staging: string;
  readonly merge: string;
  readonly stagingName: string;
  readonly mergeName: string;
  readonly forensic: boolean;
  /** The dataset's own columns, and the row digest where it has no key. */
  readonly columns: readonly StoredColumn[];
  readonly key: readonly string[];
  /** The table that holds one batch, as it stands in SQL. */
  staged(batch: number): string;
}

export function tablesOf(platform: Platform, store: Store, dataset: Dataset): DatasetTables {
  const names = datasetTables(platform.name, store.name, dataset.name);
  const keys = dataset.columns.filter((column) => column.key).map((column) => column.name);
  const own = dataset.columns.map((column) => ({
    name: column.name,
    type: column.type,
    nullable: column.nullable ?? !column.key,
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

/** The schema is always named, so that nobody's search path can lead elsewhere. */
export const inPublic = (name: string) => `public.${quoted(name)}`;

/** The columns as a list in SQL, each after the given alias. */
export const columnList = (columns: readonly { readonly name: string }[], alias?: string) =>
  columns.map(({ name }) => (alias ? `${alias}.${quoted(name)}` : quoted(name))).join(", ");

/** The condition under which two rows have the same key. Keys are never null. */
export const sameKey = ({ key }: DatasetTables, a: string, b: string) =>
  key.map((name) => `${a}.${quoted(name)} = ${b}.${quoted(name)}`).join(" AND ");

/**
 * The condition under which two rows with the same key are the same in every column. Columns whose equality does not
 * mean identity, keys among them, are compared by their binary image: a changed `1.0` to `1.00` is a change.
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

const DIGEST_TYPE = parseColumnType("bytea") as ColumnType; // a type that is known to exist
