import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { minioAlerts } from "../../../../../components/data/minio/alerts";
import { describeWith, program } from "../../../../rigs/programs";

const QUORUMS = { read: 2, write: 3 };
const INSTANCES = ["10.42.0.1:9000", "10.42.1.1:9000"];

/** What two of the servers answer, as Prometheus' own notation of values over time: a value for each minute. */
interface Answers {
  readonly online?: string;
  readonly offline?: string;
  readonly free?: string;
  readonly healing?: string;
  readonly up?: string;
}

const HEALTHY: Required<Answers> = {
  online: "4x1600",
  offline: "0x1600",
  free: "60x1600",
  healing: "0x1600",
  up: "1x1600",
};

describeWith(["promtool"], "the alerts of object storage", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-minio-alerts-"));
  const alerts = minioAlerts(QUORUMS);
  writeFileSync(join(folder, "rules.yaml"), JSON.stringify({ groups: [{ name: "minio", rules: alerts }] }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Lets Prometheus itself judge which alerts are up after so many minutes of these answers. */
  function alertsAfter(minutes: number, answers: Answers, expected: readonly string[]): void {
    const { online, offline, free, healing, up } = { ...HEALTHY, ...answers };
    const series = INSTANCES.flatMap((instance, index) => {
      const labels = `{job="minio",instance="${instance}"}`;
      const of = (metric: string, values: string) => ({ series: `${metric}${labels}`, values });
      return [
        ...(online === "" ? [] : [of("minio_cluster_drive_online_total", online)]),
        of("minio_cluster_drive_offline_total", offline),
        of("minio_cluster_capacity_usable_free_bytes", free),
        of("minio_cluster_capacity_usable_total_bytes", "100x1600"),
        of("minio_cluster_health_erasure_set_healing_drives", healing),
        of("up", index === 0 ? up : HEALTHY.up),
      ];
    });
    const test = {
      rule_files: [join(folder, "rules.yaml")],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: series,
          alert_rule_test: alerts.map(({ alert, labels, annotations }) => ({
            eval_time: `${minutes}m`,
            alertname: alert,
            exp_alerts: expected.includes(alert)
              ? [
                  {
                    exp_labels: {
                      ...labels,
                      ...(alert === "MinioServerOffline" && { job: "minio", instance: INSTANCES[0] }),
                    },
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

  it.each<readonly [string, number, Answers, readonly string[]]>([
    ["nothing while all is well", 60, {}, []],
    ["nothing of a server that restarts", 60, { up: "1x56 0x2 1x20", online: "4x56 3x2 4x20" }, []],
    ["a drive that stays away", 60, { online: "3x1600", offline: "1x1600" }, ["MinioDriveOffline"]],
    ["a server that stays away", 60, { up: "0x1600" }, ["MinioServerOffline"]],
    [
      "that nothing can be written",
      60,
      { online: "2x1600", offline: "2x1600" },
      ["MinioDriveOffline", "MinioCannotWrite"],
    ],
    [
      "that nothing can be read",
      60,
      { online: "1x1600", offline: "3x1600" },
      ["MinioDriveOffline", "MinioCannotWrite", "MinioCannotRead"],
    ],
    ["that no server answers any more", 60, { online: "" }, ["MinioCannotWrite", "MinioCannotRead"]],
    ["that it fills up", 60, { free: "20x1600" }, ["MinioFillsUp"]],
    ["that it is nearly full", 60, { free: "14x1600" }, ["MinioFillsUp", "MinioNearlyFull"]],
    ["nothing of a healing that takes hours", 600, { healing: "1x1600" }, []],
    ["a healing that does not end", 1500, { healing: "1x1600" }, ["MinioHealsLong"]],
  ])("tell of %s", (_, minutes, answers, expected) => {
    alertsAfter(minutes, answers, expected);
  });

  it("lead each to a section of the runbook", () => {
    const sections = readFileSync(
      new URL("../../../../../docs/runbooks/object-storage.md", import.meta.url),
      "utf8",
    )
      .split("\n")
      .filter((line) => line.startsWith("## "))
      .map((line) => line.slice(3).toLowerCase().replaceAll(" ", "-"));

    for (const { alert, annotations } of alerts) {
      expect(sections, alert).toContain(annotations.runbook_url.split("#")[1]);
    }
  });
});
