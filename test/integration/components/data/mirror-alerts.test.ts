import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { mirrorAlerts } from "../../../../components/data/mirror/alerts";
import { describeWith, program } from "../../../rigs/programs";

const DAY = 24 * 60;

/** What the exporter shows, as Prometheus' own notation of values over time: a value for each minute. */
type Metrics = Readonly<Partial<Record<string, string>>>;

const SUCCESS = (run: string) => `trellis_mirror_success_timestamp{run="${run}"}`;
const GOOD = (run: string) => `trellis_mirror_run_good{run="${run}"}`;
const UP = 'up{job="object-mirror-metrics"}';

/** A run that succeeds each minute. */
const ALWAYS = "0+60x20000";

const HEALTHY: Metrics = {
  [SUCCESS("mirror")]: ALWAYS,
  [SUCCESS("prune")]: ALWAYS,
  [SUCCESS("drill")]: ALWAYS,
  [GOOD("mirror")]: "1x20000",
  [GOOD("drill")]: "1x20000",
  trellis_mirror_store_up: "1x20000",
  [UP]: "1x20000",
};

describeWith(["promtool"], "the alerts of the off-site copy of objects", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-mirror-alerts-"));
  const alerts = mirrorAlerts("prod");
  writeFileSync(join(folder, "rules.yaml"), JSON.stringify({ groups: [{ name: "mirror", rules: alerts }] }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Lets Prometheus itself judge which alerts are up after so many minutes. */
  function alertsAfter(minutes: number, changes: Metrics, expected: readonly string[]): void {
    const series = Object.entries({ ...HEALTHY, ...changes }).flatMap(([name, values]) =>
      values === undefined ? [] : [{ series: name, values }],
    );
    const test = {
      rule_files: [join(folder, "rules.yaml")],
      evaluation_interval: minutes > DAY ? "15m" : "1m", // days of minutes take promtool seconds
      tests: [
        {
          interval: "1m",
          input_series: series,
          promql_expr_test: expected.map((alert) => ({
            expr: `count by (alertname) (ALERTS{alertname="${alert}", alertstate="firing"})`,
            eval_time: `${minutes}m`,
            exp_samples: [{ labels: `{alertname="${alert}"}`, value: 1 }],
          })),
          alert_rule_test: alerts
            .filter(({ alert }) => !expected.includes(alert))
            .map(({ alert }) => ({ eval_time: `${minutes}m`, alertname: alert, exp_alerts: [] })),
        },
      ],
    };
    const file = join(folder, "test.yaml");
    writeFileSync(file, JSON.stringify(test));
    expect(execFileSync(program("promtool"), ["test", "rules", file], { encoding: "utf8" })).toContain(
      "SUCCESS",
    );
  }

  it("are quiet as long as all runs end well", () => {
    expect(alerts.length).toBeGreaterThan(5);
    alertsAfter(2 * DAY, {}, []);
  });

  it("come when the copy is older than six hours, and not before", () => {
    alertsAfter(5 * 60 + 50, { [SUCCESS("mirror")]: "0x20000" }, []);
    alertsAfter(6 * 60 + 15, { [SUCCESS("mirror")]: "0x20000" }, ["ObjectMirrorTooOld"]);
  });

  it.each<[string, number, Metrics, readonly string[]]>([
    ["there is no copy at all", 13 * 60, { [SUCCESS("mirror")]: undefined }, ["ObjectMirrorMissing"]],
    ["runs fail", 100, { [GOOD("mirror")]: "0x20000" }, ["ObjectMirrorFailed"]],
    ["a drill fails", 5, { [GOOD("drill")]: "0x20000" }, ["ObjectMirrorDrillFailed"]],
    ["no drill runs", 9 * DAY, { [SUCCESS("drill")]: "0x20000" }, ["ObjectMirrorDrillTooOld"]],
    ["nothing is pruned", 4 * DAY, { [SUCCESS("prune")]: "0x20000" }, ["ObjectMirrorNotPruned"]],
    ["the exporter is down", 20, { [UP]: "0x20000" }, ["ObjectMirrorUnwatched"]],
    ["the reports cannot be read", 20, { trellis_mirror_store_up: "0x20000" }, ["ObjectMirrorUnwatched"]],
  ])("come when %s", (_, minutes, changes, expected) => {
    alertsAfter(minutes, changes, expected);
  });
});
