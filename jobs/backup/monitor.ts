import type { ObjectStore } from "../shared";
import { type Backup, isGood, listBackups, type Verification } from "./catalogue";
import { backupTime } from "./manifest";
import { humanSize, readOutcomes } from "./report";

/** How the backups stand, and what somebody should look at. */
export interface Standing {
  readonly checkedAt: string;
  readonly backups: number;
  readonly unfinished: number;
  readonly newest:
    | { readonly name: string; readonly ageHours: number; readonly bytes: number; readonly seconds: number }
    | undefined;
  /** Of the newest runs, the share that ended well; undefined where there is no report. */
  readonly successRate: number | undefined;
  readonly lastVerification: (Verification & { readonly backup: string }) | undefined;
  readonly alerts: readonly string[];
}

/** Runs that the success rate looks back on. */
const RUNS = 10;

export async function monitor(store: ObjectStore, now: Date, maxAgeHours: number): Promise<Standing> {
  return judge(await listBackups(store), await readOutcomes(store, RUNS), now, maxAgeHours);
}

/** `backups` come with the newest first, as the catalogue lists them. */
export function judge(
  backups: readonly Backup[],
  outcomes: readonly boolean[],
  now: Date,
  maxAgeHours: number,
): Standing {
  const complete = backups.filter(({ manifest, problem }) => manifest !== undefined && problem === undefined);
  const good = backups.filter(isGood);
  const newest = good[0];
  const lastVerification = backups
    .flatMap(({ name, verification }) => (verification ? [{ ...verification, backup: name }] : []))
    .sort((a, b) => (a.checkedAt < b.checkedAt ? 1 : -1))[0];
  const ageHours = newest ? (now.getTime() - backupTime(newest.name).getTime()) / 3_600_000 : undefined;
  const [last, before] = complete;
  const alerts = [
    newest === undefined ? "there is no good backup" : undefined,
    ageHours !== undefined && ageHours > maxAgeHours
      ? `the newest good backup is ${ageHours.toFixed(1)} hours old; at most ${maxAgeHours} are allowed`
      : undefined,
    last && before && last.bytes < before.bytes / 2
      ? `${last.name} has ${humanSize(last.bytes)}, less than half of the ${humanSize(before.bytes)} of ${before.name}`
      : undefined,
    ...backups.map(({ name, verification }) =>
      verification?.good === false
        ? `the verification of ${name} failed: ${verification.problems[0]}`
        : undefined,
    ),
    ...backups.map(({ name, manifest, problem }) =>
      manifest && problem ? `${name} is damaged: ${problem}` : undefined,
    ),
  ].filter((alert) => alert !== undefined);
  return {
    checkedAt: now.toISOString(),
    backups: good.length,
    unfinished: backups.filter(({ manifest }) => manifest === undefined).length,
    newest: newest && {
      name: newest.name,
      ageHours: Number((ageHours ?? 0).toFixed(2)),
      bytes: newest.bytes,
      seconds: newest.manifest?.seconds ?? 0,
    },
    successRate: outcomes.length === 0 ? undefined : outcomes.filter(Boolean).length / outcomes.length,
    lastVerification,
    alerts,
  };
}

export function standingText({ newest, lastVerification, ...standing }: Standing): string {
  const verified = lastVerification
    ? `${lastVerification.backup} at ${lastVerification.checkedAt}: ${lastVerification.good ? "good" : "damaged"}`
    : "never";
  return [
    `Backups:           ${standing.backups} good, ${standing.unfinished} unfinished`,
    newest
      ? `Newest:            ${newest.name}, ${newest.ageHours.toFixed(1)} hours old, ${humanSize(newest.bytes)} in ${newest.seconds} s`
      : "Newest:            none",
    `Success rate:      ${standing.successRate === undefined ? "no reports" : `${Math.round(100 * standing.successRate)}%`}`,
    `Last verification: ${verified}`,
    ...standing.alerts.map((alert) => `ALERT: ${alert}`),
  ].join("\n");
}

/** In Prometheus' text format; the first two names are those that dashboards already know. */
export function metrics({ newest, lastVerification, ...standing }: Standing): string {
  const gauges: readonly (readonly [name: string, help: string, value: number | undefined])[] = [
    [
      "backup_last_success_timestamp",
      "When the newest good backup was begun, in seconds since 1970",
      newest && backupTime(newest.name).getTime() / 1000,
    ],
    ["backup_total_count", "Good backups in the bucket", standing.backups],
    ["backup_unfinished_count", "Backups without a manifest", standing.unfinished],
    ["backup_last_size_bytes", "Stored size of the newest good backup", newest?.bytes],
    ["backup_last_duration_seconds", "How long the newest good backup took", newest?.seconds],
    ["backup_success_ratio", `Share of the newest ${RUNS} runs that ended well`, standing.successRate],
    [
      "backup_last_verification_timestamp",
      "When a backup was last read back",
      lastVerification && Date.parse(lastVerification.checkedAt) / 1000,
    ],
    [
      "backup_last_verification_good",
      "Whether it was what had been stored",
      lastVerification && Number(lastVerification.good),
    ],
    ["backup_alerts", "Things about the backups that somebody should look at", standing.alerts.length],
  ];
  return gauges
    .filter(([, , value]) => value !== undefined)
    .map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`)
    .join("");
}
