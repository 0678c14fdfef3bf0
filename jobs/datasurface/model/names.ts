import { createHash } from "node:crypto";

/** PostgreSQL silently truncates longer identifiers. */
const LONGEST_IDENTIFIER = 63;

/** The name of a store, dataset, platform or workspace in the model. */
export const NAME = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;

/** Shortens a name to the limit: its beginning, and three digits of the digest of the full name. */
export function fitIdentifier(name: string, longest = LONGEST_IDENTIFIER): string {
  if (name.length <= longest) return name;
  return `${name.slice(0, longest - 4)}_${sha1(name).slice(0, 3)}`;
}

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

const tableName = (...parts: string[]) => fitIdentifier(parts.join("_").toLowerCase());

/** Part of a view's name: lower case, with underscores for spaces and hyphens. */
const viewPart = (name: string) => name.toLowerCase().replaceAll(/[ -]/g, "_");

export const platformTables = (platform: string) => ({
  counter: tableName(platform, "batch_counter"),
  metrics: tableName(platform, "batch_metrics"),
});

export const datasetTables = (platform: string, store: string, dataset: string) => ({
  staging: tableName(platform, store, dataset, "staging"),
  merge: tableName(platform, store, dataset, "merge"),
});

/** The batch number that means "still valid" in a forensic table: the largest integer. */
export const OPEN_BATCH = 2147483647;

/**
 * The table that holds one batch's rows, a partition of the staging table. It always ends with the full batch number:
 * three digits of a digest could not keep all retained batches apart.
 */
export function stagedBatch(staging: string, batch: number): string {
  const suffix = `_b${batch}`;
  if (staging.length + suffix.length <= LONGEST_IDENTIFIER) return staging + suffix;
  const digest = sha1(staging).slice(0, 10);
  return `${staging.slice(0, LONGEST_IDENTIFIER - digest.length - 1 - suffix.length)}_${digest}${suffix}`;
}

/** Names of a table's indexes and constraints. */
export const belongingTo = (table: string, suffix: string) => fitIdentifier(`idx_${table}_${suffix}`);

interface ViewOf {
  readonly platform: string;
  readonly workspace: string;
  readonly group: string;
  readonly store: string;
  readonly dataset: string;
}

/** The consumer views of one sink. */
export function viewNames({ platform, workspace, group, store, dataset }: ViewOf) {
  const base = [platform, workspace, group, store, dataset].map(viewPart).join("_");
  return {
    live: fitIdentifier(`${base}_view_live`),
    full: fitIdentifier(`${base}_view_full`),
    asOf: fitIdentifier(`${base}_asof`),
  };
}

/** The key of a stream in the batch tables. */
export const streamKey = (store: string, dataset?: string) =>
  fitIdentifier(dataset === undefined ? store : `${store}#${dataset}`, 255);

/** A valid name for a Kubernetes resource. Do not use it for host names or addresses. */
export const kubernetesName = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[_ ]/g, "-")
    .replaceAll(/[^a-z0-9-]/g, "")
    .replaceAll(/-+/g, "-")
    .replaceAll(/^-|-$/g, "");
