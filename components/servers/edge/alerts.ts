import { type AlertRule, alertsOf, explainedByServerDown } from "../../shared/workloads";

const { critical, warning } = alertsOf("docs/runbooks/server.md");

/** Alerts on HAProxy, which runs on every server. */
export function haproxyAlerts({ job = "haproxy" }: { readonly job?: string } = {}): AlertRule[] {
  return [
    explainedByServerDown({
      ...warning(
        "HaproxyDown",
        "5m",
        "HAProxy on {{ $labels.node }} does not answer",
        "haproxy-does-not-answer",
      ),
      expr: `max by (node) (up{job="${job}"}) == 0`,
    }),
    {
      // A cluster of one member has no replicas, and readers then have no server.
      ...critical(
        "HaproxyNoServer",
        "2m",
        "HAProxy has no server for {{ $labels.proxy }}: its clients from outside of the cluster are refused",
        "haproxy-has-no-server",
      ),
      expr: `max by (proxy) (haproxy_backend_active_servers{job="${job}",proxy!="postgres-replicas"}) == 0`,
    },
    {
      ...warning(
        "HaproxyFillsUp",
        "10m",
        "HAProxy on {{ $labels.node }} has over 80% of the connections that it accepts",
        "haproxy-has-many-connections",
      ),
      expr: `max by (node) (haproxy_process_current_connections{job="${job}"} / haproxy_process_max_connections{job="${job}"}) > 0.8`,
    },
  ];
}
