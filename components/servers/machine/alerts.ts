import { type AlertRule, alertsOf, SERVER_DOWN } from "../../shared/workloads";
import { CERTIFICATE_METRIC, CERTIFICATES_FILE } from "./certificates";

const clocks = alertsOf("docs/runbooks/clock.md");
const servers = alertsOf("docs/runbooks/server.md");
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
  return [...lossAlerts(job), ...diskAlerts(job), ...clockAlerts(job), ...certificateAlerts(job)];
}

function lossAlerts(job: string): AlertRule[] {
  return [
    {
      // The exporter is asked from outside, and Kubernetes notices a kubelet that is silent. Either may be wrong alone
      // for a moment: the exporter's pod is rolled, or the API server restarts.
      ...servers.critical(
        SERVER_DOWN,
        "2m",
        "The server {{ $labels.node }} is down, or cut off from the others",
        "a-server-is-down",
      ),
      expr: `max by (node) (up{job="${job}"}) == 0 or max by (node) (kube_node_status_condition{condition="Ready",status="true"}) == 0`,
    },
  ];
}

function diskAlerts(job: string): AlertRule[] {
  const on = `{job="${job}",mountpoint!~"/boot.*"}`;
  const free = `min by (node, mountpoint) (node_filesystem_avail_bytes${on} / node_filesystem_size_bytes${on})`;
  return [
    {
      ...servers.warning(
        "ServerDiskFills",
        "15m",
        "Less than 25% of {{ $labels.mountpoint }} on {{ $labels.node }} is free",
        "a-disk-fills-up",
      ),
      expr: `${free} < 0.25`,
    },
    {
      // At 10% the kubelet evicts pods.
      ...servers.critical(
        "ServerDiskNearlyFull",
        "5m",
        "Less than 15% of {{ $labels.mountpoint }} on {{ $labels.node }} is free: at 10% its pods are evicted",
        "a-disk-fills-up",
      ),
      expr: `${free} < 0.15`,
    },
  ];
}

function clockAlerts(job: string): AlertRule[] {
  return [
    {
      ...clocks.warning(
        "ServerClockUnsynchronised",
        "10m",
        "A server has had no answer from a time server for two hours: its clock drifts",
        "no-time-server-answers",
      ),
      expr: `node_timex_sync_status{job="${job}"} == 0 or node_timex_maxerror_seconds{job="${job}"} > ${MOST_ERROR_SECONDS}`,
    },
    {
      // The other clock is that of Prometheus' server, which notes the time of each answer.
      ...clocks.warning(
        "ServerClockWrong",
        "5m",
        "A server's clock differs from that of Prometheus' server by over a second",
        "a-clock-is-wrong",
      ),
      expr: `abs(node_time_seconds{job="${job}"} - timestamp(node_time_seconds{job="${job}"})) > ${MOST_DIFFERENCE_SECONDS}`,
    },
  ];
}

function certificateAlerts(job: string): AlertRule[] {
  return [
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
