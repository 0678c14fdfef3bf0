import { type AlertRule, alertsOf } from "../../shared/workloads";

const { warning } = alertsOf("docs/runbooks/clock.md");

/**
 * timesyncd asks at least every 34 minutes. Between two answers the kernel adds 0.5 ms to its estimated error for each
 * second, so that the estimate exceeds this many seconds after more than two hours without an answer.
 */
const MOST_ERROR_SECONDS = 4;
/** Log entries and traces still sort, and no lease or token depends on less. */
const MOST_DIFFERENCE_SECONDS = 1;

/** Alerts on the servers themselves, from their node-exporters. */
export function serverAlerts({ job = "node-exporter" }: { readonly job?: string } = {}): AlertRule[] {
  return [
    {
      ...warning(
        "ServerClockUnsynchronised",
        "10m",
        "A server has had no answer from a time server for two hours: its clock drifts",
        "no-time-server-answers",
      ),
      expr: `node_timex_sync_status{job="${job}"} == 0 or node_timex_maxerror_seconds{job="${job}"} > ${MOST_ERROR_SECONDS}`,
    },
    {
      // The other clock is that of Prometheus' server, which notes the time of each answer.
      ...warning(
        "ServerClockWrong",
        "5m",
        "A server's clock differs from that of Prometheus' server by over a second",
        "a-clock-is-wrong",
      ),
      expr: `abs(node_time_seconds{job="${job}"} - timestamp(node_time_seconds{job="${job}"})) > ${MOST_DIFFERENCE_SECONDS}`,
    },
  ];
}
