import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { archiveAlerts } from "../../../../../components/data/postgres";
import { describeWith, program } from "../../../../rigs/programs";

const HOUR = 60;
const MINUTES = 10 * 24 * HOUR;
/** What a backup's moment is when there is one each day, as Prometheus' notation of values over time. */
const daily = (minutes = MINUTES) =>
  Array.from(
    { length: Math.ceil(minutes / (24 * HOUR)) },
    (_, day) => `${day * 86_400}x${24 * HOUR - 1}`,
  ).join(" ");

/** What the exporter answers each minute; an empty text is no answer. */
const HEALTHY = {
  oldest: `0x${MINUTES}`,
  waiting: `0x${MINUTES}`,
  up: `1x${MINUTES}`,
  diff: daily(),
  full: daily(),
  gap: `0x${MINUTES}`,
  verified: daily(),
  verifiedWell: `1x${MINUTES}`,
  drilled: daily(),
  drilledWell: `1x${MINUTES}`,
};

const MIB = 1024 * 1024;

describeWith(["promtool"], "the alerts of PostgreSQL's archive", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-archive-alerts-"));
  const alerts = archiveAlerts({ repositories: 1, maxAgeDays: 4 });
  writeFileSync(join(folder, "rules.yaml"), JSON.stringify({ groups: [{ name: "archive", rules: alerts }] }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Lets Prometheus itself judge which alerts are up after so many minutes of these answers. */
  function alertsAfter(minutes: number, answers: Partial<typeof HEALTHY>, expected: readonly string[]): void {
    const given = { ...HEALTHY, ...answers };
    const series = [
      ["oldest_waiting_seconds", given.oldest],
      ["waiting_bytes", given.waiting],
      ["queue_limit_bytes", given.waiting && `${4096 * MIB}x${MINUTES}`],
      ['repository_up{repository="1"}', given.up],
      ['backup_timestamp_seconds{repository="1",type="diff"}', given.diff],
      ['backup_timestamp_seconds{repository="1",type="full"}', given.full],
      ['gap{repository="1"}', given.gap],
      ['check_timestamp_seconds{repository="1",check="verify"}', given.verified],
      ['check_good{repository="1",check="verify"}', given.verifiedWell],
      ['check_timestamp_seconds{repository="1",check="drill"}', given.drilled],
      ['check_good{repository="1",check="drill"}', given.drilledWell],
    ].flatMap(([name, values]) => (values ? [{ series: `trellis_archive_${name}`, values }] : []));
    const test = {
      rule_files: [join(folder, "rules.yaml")],
      evaluation_interval: minutes > 24 * HOUR ? "15m" : "1m", // days of minutes take promtool seconds
      tests: [
        {
          interval: "1m",
          input_series: series,
          alert_rule_test: alerts.map(({ alert, expr, labels, annotations }) => ({
            eval_time: `${minutes}m`,
            alertname: alert,
            exp_alerts: expected.includes(alert)
              ? [
                  {
                    exp_labels: { ...labels, ...(expr.includes("by (repository)") && { repository: "1" }) },
                    exp_annotations: annotations,
                  },
                ]
              : [],
          })),
        },
      ],
    };
    const file = join(folder, "test.yaml");
    writeFileSync(file, JSON.stringify(test));
    execFileSync(program("promtool"), ["test", "rules", file], { stdio: "pipe", encoding: "utf8" });
  }

  it.each<readonly [string, number, Partial<typeof HEALTHY>, readonly string[]]>([
    ["nothing while all is well", 30 * HOUR, {}, []],
    ["nothing of a store that restarts", 60, { oldest: "0x55 60 0x60", waiting: "0x55 16777216 0x60" }, []],
    ["a segment that waits", 60, { oldest: "0x50 60+60x60" }, ["PostgresArchiveBehind"]],
    ["a store that is away", 60, { oldest: "0+60x120" }, ["PostgresArchiveBehind", "PostgresArchiveStopped"]],
    [
      "log that will have to be let go",
      60,
      { oldest: "0+60x120", waiting: `${2100 * MIB}x120` },
      ["PostgresArchiveBehind", "PostgresArchiveStopped", "PostgresArchiveQueueFills"],
    ],
    ["a gap", 60, { gap: "0x50 1x60" }, ["PostgresArchiveGap"]],
    [
      "nothing of a backup that takes an hour",
      25 * HOUR,
      { diff: `0x${25 * HOUR} 90000x600`, full: `0x${26 * HOUR}` },
      [],
    ],
    [
      "that a night had no backup",
      27 * HOUR,
      { diff: `0x${30 * HOUR}`, full: `0x${30 * HOUR}` },
      ["PostgresBaseBackupTooOld"],
    ],
    ["that a week had no full backup", 9 * 24 * HOUR, { full: `0x${MINUTES}` }, ["PostgresFullBackupTooOld"]],
    ["that there never was one", 2 * HOUR, { full: "", diff: "" }, ["PostgresNotRecoverable"]],
    ["damage that a verification found", 60, { verifiedWell: "1x30 0x60" }, ["PostgresArchiveDamaged"]],
    ["a recovery that failed", 60, { drilledWell: "1x30 0x60" }, ["PostgresRecoveryDrillFailed"]],
    [
      "verifications that stopped",
      5 * 24 * HOUR,
      { verified: `0x${MINUTES}` },
      ["PostgresArchiveUnverified"],
    ],
    ["recoveries that stopped", 5 * 24 * HOUR, { drilled: `0x${MINUTES}` }, ["PostgresArchiveUnverified"]],
    [
      "an archive that was never checked",
      5 * 24 * HOUR,
      { verified: "", verifiedWell: "", drilled: "", drilledWell: "" },
      ["PostgresArchiveNeverChecked"],
    ],
    ["that the repository cannot be read", 60, { up: "1x30 0x60" }, ["PostgresArchiveUnwatched"]],
    ["that the leader does not answer", 60, { oldest: "", waiting: "" }, ["PostgresArchiveUnwatched"]],
  ])("tell of %s", (_, minutes, answers, expected) => {
    alertsAfter(minutes, answers, expected);
    expect(alerts.map(({ alert }) => alert)).toEqual(expect.arrayContaining([...expected]));
  });
});
