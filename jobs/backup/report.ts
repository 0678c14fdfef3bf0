import { hostname } from "node:os";
import type { ObjectStore } from "../shared";
import { backupTime, type Manifest, totalBytes } from "./manifest";

/** How one run of `create` ended. */
export interface Run {
  readonly name: string;
  readonly at: Date;
  readonly seconds: number;
  readonly manifest: Manifest | undefined;
  readonly error: string | undefined;
  readonly server: string;
  readonly namespace: string;
  readonly bucket: string;
  readonly endpoint: string;
  readonly retentionDays: number;
}

const FOLDER = "reports/";

/** The report of one run, with the fields that its readers have always known. */
export function report(run: Run) {
  const bytes = run.manifest ? totalBytes(run.manifest) : 0;
  return {
    backup_report: {
      timestamp: run.at.toISOString(),
      backup_name: run.name,
      status: run.manifest ? ("SUCCESS" as const) : ("FAILED" as const),
      duration_seconds: run.seconds,
      backup_size_bytes: bytes,
      backup_size_human: humanSize(bytes),
      error_message: run.error ?? "",
      cluster_info: {
        leader_pod: run.server,
        cluster_members: null,
        namespace: run.namespace,
      },
      storage_info: { minio_pod: run.endpoint, bucket: run.bucket, storage_namespace: null },
      retention: { retention_days: run.retentionDays, cleanup_performed: false },
      system_info: { hostname: hostname(), kubernetes_version: null, script_version: "2.0" },
    },
  };
}

export function summary(run: Run): string {
  const bytes = run.manifest ? totalBytes(run.manifest) : 0;
  const fields: readonly (readonly [string, string | number])[] = [
    ["Date", run.at.toISOString()],
    ["Backup Name", run.name],
    ["Status", run.manifest ? "SUCCESS" : "FAILED"],
    ["Duration (s)", run.seconds],
    ["Size", humanSize(bytes)],
    ["Leader Pod", run.server],
    ["MinIO Pod", run.endpoint],
    ["Bucket", run.bucket],
  ];
  return [
    "PostgreSQL Backup Summary",
    "=".repeat(25),
    ...fields.map(([name, value]) => `${name}: ${value}`),
    "",
    run.manifest ? "The backup is complete." : `The backup failed: ${run.error}`,
    "",
  ].join("\n");
}

/** Leaves the report and the summary beside the backups. */
export async function writeReport(store: ObjectStore, run: Run): Promise<void> {
  const stamp = run.name.replace("postgres_", "");
  await store.write(`${FOLDER}backup_report_${stamp}.json`, `${JSON.stringify(report(run), undefined, 2)}\n`);
  await store.write(`${FOLDER}backup_summary_${stamp}.txt`, summary(run));
}

/** All reports and summaries, the newest first. */
export async function listReports(store: ObjectStore): Promise<string[]> {
  const objects = await store.list(FOLDER);
  return objects
    .map(({ key }) => key)
    .filter((key) => !Number.isNaN(reportTime(key).getTime()))
    .sort()
    .reverse();
}

export const reportTime = (key: string) =>
  backupTime(key.replace(/^reports\/backup_(?:report|summary)_(.*)\.(?:json|txt)$/, "postgres_$1"));

/** Whether the newest runs ended well, as far back as is asked. */
export async function readOutcomes(store: ObjectStore, newest: number): Promise<boolean[]> {
  const keys = (await listReports(store)).filter((key) => key.endsWith(".json")).slice(0, newest);
  const texts = await Promise.all(keys.map((key) => store.readText(key)));
  return texts.map((text) => /"status":\s*"SUCCESS"/.test(text ?? ""));
}

export function humanSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
