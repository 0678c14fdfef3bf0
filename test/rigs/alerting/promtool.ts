import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertRule, RecordingRule } from "../../../components/shared/workloads";
import { program } from "../programs";

/** Series in Prometheus' own notation of values over time, by series: a value for each minute. */
export type Series = Readonly<Record<string, string>>;

/** What series are like, and the alerts that fire then. */
export interface Moment {
  readonly series: Series;
  readonly minute: number;
  /** The alerts that fire, once for each series that they fire for. */
  readonly firing: readonly string[];
}

/** Lets promtool judge whether exactly the named alerts of these rules fire at a moment. */
export function judgeAlerts(rules: readonly AlertRule[], moments: readonly Moment[]): void {
  const tests = moments.map(({ series, minute, firing }) =>
    testOf(
      series,
      minute,
      'sum by (alertname) (ALERTS{alertstate="firing"})',
      (alert) => `{alertname="${alert}"}`,
      Object.fromEntries(firing.map((alert) => [alert, firing.filter((each) => each === alert).length])),
    ),
  );
  judge(rules, tests);
}

/** What an expression returns at a moment: values by their labels, such as `{promise="etcd"}`. */
export interface Reading {
  readonly series: Series;
  readonly minute: number;
  readonly expr: string;
  readonly samples: Readonly<Record<string, number>>;
}

/** Lets promtool judge what expressions return when these rules have been evaluated. */
export function judgeReadings(
  rules: readonly (AlertRule | RecordingRule)[],
  readings: readonly Reading[],
): void {
  judge(
    rules,
    readings.map(({ series, minute, expr, samples }) =>
      testOf(series, minute, expr, (labels) => labels, samples),
    ),
  );
}

function testOf(
  series: Series,
  minute: number,
  expr: string,
  labelsOf: (key: string) => string,
  samples: Readonly<Record<string, number>>,
): object {
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr,
        eval_time: `${minute}m`,
        exp_samples: Object.entries(samples).map(([key, value]) => ({ labels: labelsOf(key), value })),
      },
    ],
  };
}

function judge(rules: readonly (AlertRule | RecordingRule)[], tests: readonly object[]): void {
  const folder = mkdtempSync(join(tmpdir(), "trellis-alerts-"));
  try {
    const file = join(folder, "rules.json");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "judged", rules }] }));
    const test = join(folder, "test.json");
    writeFileSync(test, JSON.stringify({ rule_files: [file], evaluation_interval: "1m", tests }));
    execFileSync(program("promtool"), ["test", "rules", test], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = Object(error);
    throw new Error(`promtool: ${stdout}${stderr}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
