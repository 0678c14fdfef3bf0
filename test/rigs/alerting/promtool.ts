import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertRule } from "../../../components/shared/workloads";
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
  const folder = mkdtempSync(join(tmpdir(), "trellis-alerts-"));
  try {
    const file = join(folder, "rules.json");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "judged", rules }] }));
    const tests = moments.map(({ series, minute, firing }) => ({
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        {
          expr: 'sum by (alertname) (ALERTS{alertstate="firing"})',
          eval_time: `${minute}m`,
          exp_samples: [...new Set(firing)].map((alert) => ({
            labels: `{alertname="${alert}"}`,
            value: firing.filter((each) => each === alert).length,
          })),
        },
      ],
    }));
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
