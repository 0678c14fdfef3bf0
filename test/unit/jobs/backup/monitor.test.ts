import { describe, expect, it } from "vitest";
import { compare } from "../../../../jobs/backup/dumps/drill";
import { metrics } from "../../../../jobs/backup/monitor/metrics";
import { judge, standingText } from "../../../../jobs/backup/monitor/monitor";
import type { Backup } from "../../../../jobs/backup/store/catalogue";
import { backupName, backupTime, type Manifest } from "../../../../jobs/backup/store/manifest";
import { type EndedRun, humanSize, report, summary } from "../../../../jobs/backup/store/report";

const NOW = new Date("2026-11-21T12:00:00Z");

const backup = (hoursAgo: number, bytes: number, good?: boolean): Backup => ({
  name: backupName(new Date(NOW.getTime() - hoursAgo * 3_600_000)),
  keys: [],
  bytes,
  manifest: { seconds: 21 } as Manifest, // safe: only the duration is read
  verification:
    good === undefined
      ? undefined
      : { checkedAt: NOW.toISOString(), good, problems: good ? [] : ["crm: its sha256 differs"], seconds: 1 },
  problem: undefined,
});

const run = (good: boolean, hoursAgo = 0): EndedRun => ({
  timestamp: new Date(NOW.getTime() - hoursAgo * 3_600_000).toISOString(),
  status: good ? "SUCCESS" : "FAILED",
  duration_seconds: 2.5,
  error_message: good ? "" : "crm: public.a has 1 rows, not 2",
});

const alerts = (...backups: Backup[]) => judge(backups, { create: [run(true)] }, NOW, 26).alerts;

describe("the watch over backups", () => {
  it("is quiet while the newest is young, whole and of the usual size", () => {
    expect(alerts(backup(26, 60, true), backup(50, 100))).toEqual([]);
  });

  it.each([
    ["nothing at all", [], "there is no good backup"],
    ["only a damaged one", [backup(1, 5, false)], "there is no good backup"],
    ["an old one", [backup(26.1, 5)], "26.1 hours old; at most 26"],
    ["a size that halves", [backup(1, 49), backup(25, 100)], "less than half"],
    ["a failed verification", [backup(1, 5), backup(25, 5, false)], "failed: crm: its sha256 differs"],
  ])("calls for somebody over %s", (_, backups, alert) => {
    expect(alerts(...backups).join("\n")).toContain(alert);
  });

  it.each([
    ["a drill that failed", { drill: [run(false)] }, "the last drill failed: crm: public.a has 1 rows"],
    ["a drill that is due", { drill: [run(true, 193)] }, "the last drill was 193.0 hours ago; at most 192"],
    ["a copy that failed", { copy: [run(false)] }, "the last copy failed"],
    ["copies that ended", { copy: [run(true, 27)] }, "the last copy was 27.0 hours ago"],
  ])("calls for somebody over %s", (_, runs, alert) => {
    expect(judge([backup(1, 5, true)], runs, NOW, 26).alerts).toEqual([expect.stringContaining(alert)]);
  });

  it("is quiet over drills and copies that went well in time", () => {
    const runs = { drill: [run(true, 191)], copy: [run(true, 25)] };
    expect(judge([backup(1, 5, true)], runs, NOW, 26).alerts).toEqual([]);
  });

  it("gives real figures under the names that dashboards know", async () => {
    const text = await metrics(
      judge(
        [backup(2, 100, true), backup(26, 80)],
        { create: [true, true, false, true].map((good) => run(good)), drill: [run(false, 24)] },
        NOW,
        26,
      ),
    );
    expect(text).toContain(`\nbackup_last_success_timestamp ${NOW.getTime() / 1000 - 7_200}\n`);
    expect(text).toContain("\nbackup_total_count 2\n");
    expect(text).toContain("\nbackup_previous_size_bytes 80\n");
    expect(text).toContain(`\nbackup_oldest_timestamp ${NOW.getTime() / 1000 - 93_600}\n`);
    expect(text).toContain('\nbackup_run_good{verb="create"} 1\n');
    expect(text).toContain('\nbackup_run_good{verb="drill"} 0\n');
    expect(text).toContain(`\nbackup_run_timestamp{verb="drill"} ${NOW.getTime() / 1000 - 86_400}\n`);
    expect(text).toContain("\nbackup_success_ratio 0.75\n");
    expect(await metrics(judge([], {}, NOW, 26))).not.toContain("backup_last_success_timestamp");
    expect(standingText(judge([backup(2, 100, true)], {}, NOW, 26))).toContain(
      "2.0 hours old, 100 B in 21 s",
    );
  });

  it("names backups by their time and reads it back", () => {
    expect(backupName(new Date("2026-01-02T03:04:05.678Z"))).toBe("postgres_20260102_030405");
    expect(backupTime("postgres_20260102_030405")).toEqual(new Date("2026-01-02T03:04:05Z"));
  });

  it("reports a run with the fields that its readers know", () => {
    const run = {
      name: "postgres_20260102_030405",
      at: NOW,
      seconds: 21,
      manifest: undefined,
      error: "the bucket is full",
      server: "postgres-2:5432",
      namespace: "postgres-cluster",
      bucket: "crm-backups",
      endpoint: "http://minio",
      retentionDays: 30,
    };
    expect(report(run).backup_report).toMatchObject({
      backup_name: run.name,
      status: "FAILED",
      backup_size_human: "0 B",
      error_message: "the bucket is full",
      cluster_info: { leader_pod: "postgres-2:5432", namespace: "postgres-cluster" },
      retention: { retention_days: 30 },
    });
    expect(summary(run)).toContain("The backup failed: the bucket is full");
    expect(humanSize(34_727)).toBe("33.9 KiB");
  });

  it("tells every way in which a drill can differ", () => {
    const table = (name: string, rows: number) => ({ schema: "public", name, rows });
    const expected = { tables: [table("a", 1), table("b", 2)], largeObjects: 1 };
    expect(compare(expected, expected)).toEqual([]);
    expect(
      compare(expected, { tables: [table("a", 2), table("c", 3), table("unlogged", 0)], largeObjects: 0 }),
    ).toEqual([
      "public.a has 2 rows, not 1",
      "public.b has not been restored, not 2",
      "public.c is not in the manifest",
      "0 large objects, not 1",
    ]);
  });
});
