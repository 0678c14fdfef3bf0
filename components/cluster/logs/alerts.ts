import { type AlertRule, alertsOf, explainedByServerDown } from "../../shared/workloads";
import { LOGS } from "./names";

const { warning } = alertsOf("docs/runbooks/logs.md");

/** The `job` label that the operator gives the series of a PodMonitor. */
const jobOf = (monitor: string) => `job="${LOGS.namespace}/${monitor}"`;

/** Alerts on the store of logs and on the agents. */
export function logAlerts(): AlertRule[] {
  const agent = jobOf(LOGS.agent);
  return [
    {
      ...warning(
        "LogStoreDown",
        "15m",
        "The store of logs does not answer: the agents keep up to 1 GiB of logs on each server meanwhile",
        "the-store-does-not-answer",
      ),
      expr: `(max(up{${jobOf(LOGS.store)}}) or vector(0)) == 0 or max(vl_storage_is_read_only{${jobOf(LOGS.store)}}) == 1`,
    },
    explainedByServerDown({
      ...warning(
        "LogAgentDown",
        "15m",
        "The agent of logs on {{ $labels.instance }} does not answer",
        "an-agent-does-not-send",
      ),
      expr: `max by (instance) (up{${agent}}) == 0`,
    }),
    {
      ...warning(
        "LogsWait",
        "30m",
        "More than 256 MiB of logs of {{ $labels.instance }} wait to be sent",
        "an-agent-does-not-send",
      ),
      expr: `sum by (instance) (vlagent_remotewrite_pending_data_bytes{${agent}}) > ${256 * 2 ** 20}`,
    },
    {
      ...warning(
        "LogsLost",
        "0m",
        "Logs of {{ $labels.instance }} were dropped, because they were refused or waited too long",
        "an-agent-does-not-send",
      ),
      expr: `sum by (instance) (increase(vlagent_remotewrite_packets_dropped_total{${agent}}[15m])) > 0`,
    },
  ];
}
