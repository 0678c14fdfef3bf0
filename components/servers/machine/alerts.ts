import { type AlertRule, alertsOf } from "../../shared/workloads";
import { CERTIFICATE_METRIC, CERTIFICATES_FILE } from "./certificates";

const { warning } = alertsOf("docs/runbooks/clock.md");
const certificates = alertsOf("docs/runbooks/rotate-certificates.md");
const DAY = 86_400;

/**
 * timesyncd asks at least every 34 minutes. Between two answers the kernel adds 0.5 ms to its estimated error for each
 * second, so that the estimate exceeds this many seconds after more than two hours without an answer.
 */
const MOST_ERROR_SECONDS = 4;
/** K3s renews its certificates 90 days ahead; for those of etcd this is the time that a person has. */
const EXPIRES_SOON_DAYS = 45;
const EXPIRES_NOW_DAYS = 7;
const WATCHED_DAYS_AGO = 3;
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
    {
      ...certificates.warning(
        "ServerCertificateExpires",
        "1h",
        `A certificate on a server expires within ${EXPIRES_SOON_DAYS} days: its renewal did not take place`,
        "a-certificate-expires",
      ),
      expr: `${CERTIFICATE_METRIC} - time() < ${EXPIRES_SOON_DAYS * DAY}`,
    },
    {
      ...certificates.critical(
        "ServerCertificateExpiresNow",
        "1h",
        `A certificate on a server expires within ${EXPIRES_NOW_DAYS} days: then etcd or K3s refuses connections`,
        "a-certificate-expires",
      ),
      expr: `${CERTIFICATE_METRIC} - time() < ${EXPIRES_NOW_DAYS * DAY}`,
    },
    {
      ...certificates.warning(
        "ServerCertificatesNotWatched",
        "1h",
        `A server has not looked at its certificates for ${WATCHED_DAYS_AGO} days`,
        "a-certificate-expires",
      ),
      expr: `time() - node_textfile_mtime_seconds{job="${job}",file=~".*/${CERTIFICATES_FILE}"} > ${WATCHED_DAYS_AGO * DAY}`,
    },
  ];
}
