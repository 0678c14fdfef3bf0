import type { ObjectStore } from "../../shared";
import {
  type Backup,
  backupTime,
  type EndedRun,
  humanSize,
  isGood,
  listBackups,
  listReports,
  manifestKey,
  REPORTED,
  type ReportedVerb,
  readRuns,
  type Verification,
} from "../store";

/** The newest runs of each verb, newest first. */
type Runs = Readonly<Partial<Record<"create" | ReportedVerb, readonly EndedRun[]>>>;

/** The state of the backups, and what an operator should look at. */
export interface Standing {
  readonly checkedAt: string;
  readonly backups: number;
  readonly unfinished: number;
  /** Number of backups that a verification or a listing found damaged. */
  readonly damaged: number;
  readonly newest:
    | { readonly name: string; readonly ageHours: number; readonly bytes: number; readonly seconds: number }
    | undefined;
  /** Size of the backup before the newest: a size that halves is a warning sign. */
  readonly previousBytes: number | undefined;
  readonly oldest: string | undefined;
  /** Share of the newest runs that succeeded; undefined without reports. */
  readonly successRate: number | undefined;
  readonly lastVerification: (Verification & { readonly backup: string }) | undefined;
  /** How each verb's last run ended. */
  readonly lastRuns: Readonly<Partial<Record<"create" | ReportedVerb, EndedRun>>>;
  readonly alerts: readonly string[];
}

/** Number of runs in the success rate. */
const RUNS = 10;

/** One drill a week, plus one day of grace. */
const DRILL_DAYS = 8;

export async function monitor(store: ObjectStore, now: Date, maxAgeHours: number): Promise<Standing> {
  const reports = await listReports(store);
  const runs = await Promise.all(
    (["create", ...REPORTED] as const).map(
      async (verb) => [verb, await readRuns(store, reports, verb, verb === "create" ? RUNS : 1)] as const,
    ),
  );
  return judge(await listBackups(store), Object.fromEntries(runs), now, maxAgeHours);
}

/** `backups` are newest first, as the catalogue lists them. */
export function judge(backups: readonly Backup[], runs: Runs, now: Date, maxAgeHours: number): Standing {
  const complete = backups.filter(({ manifest, problem }) => manifest !== undefined && problem === undefined);
  const good = backups.filter(isGood);
  const newest = good[0];
  const lastVerification = backups
    .flatMap(({ name, verification }) => (verification ? [{ ...verification, backup: name }] : []))
    .sort((a, b) => (a.checkedAt < b.checkedAt ? 1 : -1))[0];
  const ageHours = newest ? hoursSince(backupTime(newest.name), now) : undefined;
  const [last, before] = complete;
  const outcomes = (runs.create ?? []).map(({ status }) => status === "SUCCESS");
  const lastRuns = Object.fromEntries(
    Object.entries(runs).flatMap(([verb, [run]]) => (run ? [[verb, run]] : [])),
  );
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
    ...backups.map(({ name, keys, problem }) =>
      problem && keys.includes(manifestKey(name)) ? `${name} is damaged: ${problem}` : undefined,
    ),
    ...alertsOfRun("drill", runs.drill?.[0], now, 24 * DRILL_DAYS),
    ...alertsOfRun("copy", runs.copy?.[0], now, maxAgeHours),
  ].filter((alert) => alert !== undefined);
  return {
    checkedAt: now.toISOString(),
    backups: good.length,
    unfinished: backups.filter(({ manifest }) => manifest === undefined).length,
    damaged: backups.filter((each) => each.manifest !== undefined && !isGood(each)).length,
    newest: newest && {
      name: newest.name,
      ageHours: Number((ageHours ?? 0).toFixed(2)),
      bytes: newest.bytes,
      seconds: newest.manifest?.seconds ?? 0,
    },
    previousBytes: before?.bytes,
    oldest: good.at(-1)?.name,
    successRate: outcomes.length === 0 ? undefined : outcomes.filter(Boolean).length / outcomes.length,
    lastVerification,
    lastRuns,
    alerts,
  };
}

/** For scheduled verbs: alerts when the last run failed or is too old. */
function alertsOfRun(
  verb: ReportedVerb,
  run: EndedRun | undefined,
  now: Date,
  mostHours: number,
): (string | undefined)[] {
  if (!run) return [];
  const hours = hoursSince(new Date(run.timestamp), now);
  return [
    run.status === "FAILED" ? `the last ${verb} failed: ${run.error_message}` : undefined,
    hours > mostHours
      ? `the last ${verb} was ${hours.toFixed(1)} hours ago; at most ${mostHours} are allowed`
      : undefined,
  ];
}

const hoursSince = (then: Date, now: Date) => (now.getTime() - then.getTime()) / 3_600_000;

export function standingText({ newest, lastVerification, lastRuns, ...standing }: Standing): string {
  const verified = lastVerification
    ? `${lastVerification.backup} at ${lastVerification.checkedAt}: ${lastVerification.good ? "good" : "damaged"}`
    : "never";
  const drilled = lastRuns.drill
    ? `${lastRuns.drill.timestamp}: ${lastRuns.drill.status === "SUCCESS" ? "good" : "failed"}`
    : "never";
  return [
    `Backups:           ${standing.backups} good, ${standing.unfinished} unfinished`,
    newest
      ? `Newest:            ${newest.name}, ${newest.ageHours.toFixed(1)} hours old, ${humanSize(newest.bytes)} in ${newest.seconds} s`
      : "Newest:            none",
    `Success rate:      ${standing.successRate === undefined ? "no reports" : `${Math.round(100 * standing.successRate)}%`}`,
    `Last verification: ${verified}`,
    `Last drill:        ${drilled}`,
    ...standing.alerts.map((alert) => `ALERT: ${alert}`),
  ].join("\n");
}
