import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { backupAlerts } from "../../../../../components/data/backup/alerts";
import { describeWith, program } from "../../../../rigs/programs";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A cluster where all is well at time `at`, in seconds: what the exporter says of it. */
const WELL = (at: number): Record<string, number> => ({
  'up{job="backup-metrics"}': 1,
  backup_store_up: 1,
  backup_total_count: 30,
  backup_damaged_count: 0,
  backup_last_success_timestamp: at - 10 * HOUR,
  backup_oldest_timestamp: at - 30 * DAY,
  backup_last_size_bytes: 1000,
  backup_previous_size_bytes: 990,
  backup_last_verification_good: 1,
  'backup_run_good{verb="create"}': 1,
  'backup_run_good{verb="verify"}': 1,
  'backup_run_good{verb="copy"}': 1,
  'backup_run_good{verb="drill"}': 1,
  'backup_run_timestamp{verb="verify"}': at - 2 * HOUR,
  'backup_run_timestamp{verb="copy"}': at - 8 * HOUR,
  'backup_run_timestamp{verb="drill"}': at - 3 * DAY,
});

/** Prometheus counts from the beginning of its own time; by then every alert has held for longer than it waits. */
const AT = 28 * HOUR;

/** What differs from a cluster where all is well, and what a person then hears. */
const CASES: readonly (readonly [
  what: string,
  change: Record<string, number | undefined>,
  alerts: string[],
])[] = [
  ["all is well", {}, []],
  ["the newest backup is 27 hours old", { backup_last_success_timestamp: AT - 27 * HOUR }, ["BackupTooOld"]],
  ["it is 25 hours old", { backup_last_success_timestamp: AT - 25 * HOUR }, []],
  [
    "there is none",
    { backup_total_count: 0, backup_last_success_timestamp: undefined, backup_oldest_timestamp: undefined },
    ["BackupMissing"],
  ],
  ["the last run failed", { 'backup_run_good{verb="create"}': 0 }, ["BackupFailed"]],
  ["the size has halved", { backup_last_size_bytes: 494 }, ["BackupShrunk"]],
  ["a verification failed", { backup_last_verification_good: 0 }, ["BackupDamaged"]],
  ["one is damaged", { backup_damaged_count: 1 }, ["BackupDamaged"]],
  ["none is verified", { 'backup_run_timestamp{verb="verify"}': AT - 10 * HOUR }, ["BackupUnverified"]],
  ["the drill failed", { 'backup_run_good{verb="drill"}': 0 }, ["BackupDrillFailed"]],
  [
    "the drill is nine days old",
    { 'backup_run_timestamp{verb="drill"}': AT - 9 * DAY },
    ["BackupDrillTooOld"],
  ],
  ["there never was one", { 'backup_run_timestamp{verb="drill"}': undefined }, ["BackupDrillTooOld"]],
  [
    "there never was one in a new cluster",
    { 'backup_run_timestamp{verb="drill"}': undefined, backup_oldest_timestamp: AT - 5 * DAY },
    [],
  ],
  ["the copy failed", { 'backup_run_good{verb="copy"}': 0 }, ["BackupNotOffsite"]],
  ["copies ended", { 'backup_run_timestamp{verb="copy"}': AT - 30 * HOUR }, ["BackupNotOffsite"]],
  ["the bucket cannot be read", { backup_store_up: 0 }, ["BackupStoreUnreadable"]],
  ["the exporter is down", { 'up{job="backup-metrics"}': 0 }, ["BackupExporterDown"]],
  ["the exporter is gone", { 'up{job="backup-metrics"}': undefined }, ["BackupExporterDown"]],
];

describeWith(["promtool"], "the alerts of the backups", () => {
  it.each(["prod", "dev"] as const)("of %s are rules that Prometheus reads", (environment) => {
    expect(promtool("check", { rules: backupAlerts({ environment, offsite: true }), tests: [] })).toContain(
      `SUCCESS: ${environment === "dev" ? 8 : 11} rules found`,
    );
  });

  it("call exactly when they should", () => {
    const rules = backupAlerts({ environment: "prod", offsite: true });
    const tests = CASES.map(([name, change, expected]) => ({
      name,
      interval: "10m",
      input_series: Object.entries({ ...WELL(AT), ...change }).flatMap(([series, value]) =>
        value === undefined ? [] : [{ series, values: `${value}x${AT / (10 * MINUTE)}` }],
      ),
      alert_rule_test: rules.map(({ alert }) => ({
        eval_time: `${AT / MINUTE}m`,
        alertname: alert,
        exp_alerts: expected.includes(alert) ? fired(rules, alert, change) : [],
      })),
    }));

    expect(promtool("test", { rules, tests })).toContain("SUCCESS");
  });
});

describe("every alert of the backups", () => {
  it("leads to a section of the runbook", () => {
    const sections = readFileSync("docs/runbooks/restore.md", "utf8")
      .split("\n")
      .filter((line) => line.startsWith("## "))
      .map((line) =>
        line
          .slice(3)
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, "")
          .replaceAll(" ", "-"),
      );
    for (const { alert, annotations } of backupAlerts({ environment: "prod", offsite: true })) {
      expect(sections, alert).toContain(annotations.runbook_url.split("#")[1]);
    }
  });
});

/** The alert as Prometheus hands it on: with the labels of the series that raised it. */
function fired(
  rules: ReturnType<typeof backupAlerts>,
  name: string,
  change: Record<string, number | undefined>,
) {
  const rule = rules.find(({ alert }) => alert === name);
  const verb = /verb="(\w+)"/.exec(Object.keys(change).join())?.[1];
  // What is raised by an absence has no series behind it.
  const absent = name === "BackupExporterDown" || Object.values(change)[0] === undefined;
  const labels = verb && !absent ? { verb } : {};
  return [{ exp_labels: { ...rule?.labels, ...labels }, exp_annotations: rule?.annotations }];
}

function promtool(what: "check" | "test", { rules, tests }: { rules: object[]; tests: object[] }): string {
  const folder = mkdtempSync(join(tmpdir(), "trellis-backup-alerts-"));
  try {
    writeFileSync(join(folder, "rules.yaml"), JSON.stringify({ groups: [{ name: "backup", rules }] }));
    writeFileSync(
      join(folder, "tests.yaml"),
      JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: "10m", tests }),
    );
    const file = what === "check" ? "rules.yaml" : "tests.yaml";
    return execFileSync("/bin/sh", ["-c", 'exec "$@" 2>&1', "sh", program("promtool"), what, "rules", file], {
      cwd: folder,
      encoding: "utf8",
    });
  } catch (error) {
    throw new Error(String((error as { stdout?: string }).stdout ?? error), { cause: error }); // promtool says all on stdout
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
