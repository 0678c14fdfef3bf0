import { hostname } from "node:os";
import { z } from "zod";
import type { Logger, ObjectStore, Outcome } from "../../shared";
import { backupName, backupTime, type Manifest, totalBytes } from "./manifest";

/** How one run of `create` ended. */
interface Run {
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

/** The report of one run, with the field names that its readers rely on. */
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
  const ending = run.manifest ? "The backup is complete." : `The backup failed: ${run.error}`;
  return sheet("PostgreSQL Backup Summary", fields, ending);
}

const sheet = (
  title: string,
  fields: readonly (readonly [name: string, value: string | number])[],
  ending: string,
) =>
  [
    title,
    "=".repeat(title.length),
    ...fields.map(([name, value]) => `${name}: ${value}`),
    "",
    ending,
    "",
  ].join("\n");

/** The verbs besides `create` that write a report. */
export const REPORTED = ["verify", "prune", "copy", "drill", "restore", "prunecopies"] as const;
export type ReportedVerb = (typeof REPORTED)[number];

/** What a run has recorded so far for its report: `{ backup_name: "postgres_20261121_020000" }`. */
type Facts = Record<string, string | number>;

/**
 * Runs a verb and stores a report and a summary of how it ended, also when it failed. The user must see the original
 * failure, even if the report cannot be stored.
 */
export async function reporting(
  store: ObjectStore,
  verb: ReportedVerb,
  log: Logger,
  work: (tell: (facts: Facts) => void) => Promise<Outcome>,
): Promise<Outcome> {
  const at = new Date();
  const facts: Facts = {};
  const write = async (error: string | undefined) => {
    const content = {
      timestamp: at.toISOString(),
      status: error === undefined ? "SUCCESS" : "FAILED",
      duration_seconds: Math.round((Date.now() - at.getTime()) / 100) / 10,
      error_message: error ?? "",
      ...facts,
    };
    const title = `PostgreSQL Backup: ${verb}`;
    const ending = error === undefined ? "It went well." : `It failed: ${error}`;
    const { error_message: _, ...fields } = content;
    const json = JSON.stringify({ [`${verb}_report`]: content }, undefined, 2);
    await store.write(reportKey(verb, "report", at, "json"), `${json}\n`);
    await store.write(reportKey(verb, "summary", at, "txt"), sheet(title, Object.entries(fields), ending));
  };
  try {
    const answer = await work((more) => Object.assign(facts, more));
    await write(undefined).catch((error: unknown) => warnOfReport(log, error));
    return answer;
  } catch (error) {
    await write(error instanceof Error ? error.message : String(error)).catch(() => undefined);
    throw error;
  }
}

/** Only warns: the work succeeded, and a missing report does not undo it. */
export const warnOfReport = (log: Logger, error: unknown) =>
  log.warn(
    `it went well, but its report is not stored: ${error instanceof Error ? error.message : String(error)}`,
  );

const reportKey = (verb: string, kind: "report" | "summary", at: Date, ending: "json" | "txt") =>
  `${FOLDER}${verb}_${kind}_${backupName(at).replace("postgres_", "")}.${ending}`;

/** Stores the report and the summary beside the backups. */
export async function writeReport(store: ObjectStore, run: Run): Promise<void> {
  const stamp = run.name.replace("postgres_", "");
  await store.write(`${FOLDER}backup_report_${stamp}.json`, `${JSON.stringify(report(run), undefined, 2)}\n`);
  await store.write(`${FOLDER}backup_summary_${stamp}.txt`, summary(run));
}

/** All reports and summaries of all verbs, newest first. */
export async function listReports(store: ObjectStore): Promise<string[]> {
  const objects = await store.list(FOLDER);
  return objects
    .map(({ key }) => key)
    .filter((key) => !Number.isNaN(reportTime(key).getTime()))
    .sort((a, b) => reportTime(b).getTime() - reportTime(a).getTime());
}

export const reportTime = (key: string) =>
  backupTime(key.replace(/^reports\/[a-z]+_(?:report|summary)_(.*)\.(?:json|txt)$/, "postgres_$1"));

const ended = z.looseObject({
  timestamp: z.iso.datetime(),
  status: z.enum(["SUCCESS", "FAILED"]),
  duration_seconds: z.number(),
  error_message: z.string(),
});

/** How one run of a verb ended, according to its report. */
export type EndedRun = z.output<typeof ended>;

/** The newest runs of a verb, newest first. The reports of `create` are named `backup_report_`. */
export async function readRuns(
  store: ObjectStore,
  reports: readonly string[],
  verb: "create" | ReportedVerb,
  most: number,
): Promise<EndedRun[]> {
  const name = verb === "create" ? "backup" : verb;
  const keys = reports.filter((key) => key.startsWith(`${FOLDER}${name}_report_`)).slice(0, most);
  const texts = await Promise.all(keys.map((key) => store.readText(key)));
  return texts.flatMap((text) => parsedReport(text, `${name}_report`) ?? []);
}

function parsedReport(text: string | undefined, root: string): EndedRun | undefined {
  try {
    return z.record(z.string(), ended).safeParse(JSON.parse(text ?? "")).data?.[root];
  } catch {
    return undefined;
  }
}

export function humanSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
