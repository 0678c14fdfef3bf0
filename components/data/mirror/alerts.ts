import type { Environment } from "../../settings";
import { type AlertRule, alertsOf } from "../../shared/workloads";
import { MIRROR } from "./names";

const { critical, warning } = alertsOf("docs/runbooks/object-storage.md");
const HOUR = 3_600;
const DAY = 24 * HOUR;

/** A run is due each hour; the first one of a large bucket takes longer. */
const MOST_AGE = 6 * HOUR;

const sinceSuccess = (run: string) => `time() - trellis_mirror_success_timestamp{run="${run}"}`;

/** Alerts on the off-site copy of object storage. A dev stack drills only by hand. */
export function mirrorAlerts(environment: Environment): AlertRule[] {
  return [...COMMON_ALERTS, ...(environment === "dev" ? [] : DRILL_ALERTS)];
}

const COMMON_ALERTS: readonly AlertRule[] = [
  {
    ...critical(
      "ObjectMirrorTooOld",
      "10m",
      "The off-site copy of object storage is over six hours old",
      "the-off-site-copy-is-too-old",
    ),
    expr: `${sinceSuccess("mirror")} > ${MOST_AGE}`,
  },
  {
    ...critical(
      "ObjectMirrorMissing",
      "12h",
      "There is no whole off-site copy of object storage",
      "the-off-site-copy-is-too-old",
    ),
    expr: 'absent(trellis_mirror_success_timestamp{run="mirror"})',
  },
  {
    ...warning(
      "ObjectMirrorFailed",
      "90m",
      "The off-site copy of object storage failed twice in a row",
      "the-off-site-copy-is-too-old",
    ),
    expr: 'trellis_mirror_run_good{run="mirror"} == 0',
  },
  {
    ...warning(
      "ObjectMirrorNotPruned",
      "1h",
      "Replaced and deleted objects have not been removed off-site for three days",
      "the-off-site-copy-is-not-pruned",
    ),
    expr: `${sinceSuccess("prune")} > ${3 * DAY}`,
  },
  {
    ...warning(
      "ObjectMirrorUnwatched",
      "15m",
      "The off-site copy of object storage is not monitored",
      "the-off-site-copy-is-not-monitored",
    ),
    expr: `absent(up{job="${MIRROR.metricsService}"} == 1) or trellis_mirror_store_up == 0`,
  },
];

const DRILL_ALERTS: readonly AlertRule[] = [
  {
    ...critical(
      "ObjectMirrorDrillFailed",
      "1m",
      "The last drill found that the off-site copy of object storage is not what is at the source",
      "a-drill-of-the-copy-failed",
    ),
    expr: 'trellis_mirror_run_good{run="drill"} == 0',
  },
  {
    ...warning(
      "ObjectMirrorDrillTooOld",
      "1h",
      "The off-site copy of object storage has not been tried for eight days",
      "a-drill-of-the-copy-failed",
    ),
    expr: `${sinceSuccess("drill")} > ${8 * DAY}`,
  },
];
