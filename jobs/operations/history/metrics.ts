import type { GaugeFamily } from "../../shared";
import { CHECKS } from "../checks";
import { VERDICTS } from "../run";
import type { HistoryEntry } from "./history";

/** The newest run as metrics; without any run there are none, and the alert on their absence fires. */
export function historyFamilies([newest]: readonly HistoryEntry[]): GaugeFamily[] {
  if (!newest) return [];
  const value = (name: string, help: string, of: number): GaugeFamily => ({
    name: `trellis_health_${name}`,
    help,
    samples: [{ value: of }],
  });
  const ill = new Map([
    ...newest.warnings.map((id) => [id, 1] as const),
    ...newest.failed.map((id) => [id, 2] as const),
    ...newest.notChecked.map((id) => [id, 3] as const),
  ]);
  return [
    value("run_timestamp_seconds", "When the last run of the checks was begun", Date.parse(newest.at) / 1000),
    value("run_duration_seconds", "How long the last run took", newest.seconds),
    value("score", "Passed checks in a hundred of all that apply", newest.score),
    {
      name: "trellis_health_verdict",
      help: "Whether the last run had this verdict",
      samples: VERDICTS.map((verdict) => ({
        labels: { verdict },
        value: Number(newest.verdict === verdict),
      })),
    },
    {
      name: "trellis_health_check",
      help: "What each check found: 0 well, 1 warning, 2 failed, 3 not checked",
      samples: CHECKS.map(({ id }) => ({ labels: { check: id }, value: ill.get(id) ?? 0 })),
    },
  ];
}
