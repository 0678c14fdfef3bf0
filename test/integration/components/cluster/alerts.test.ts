import { it } from "vitest";
import { ingressCertificateAlerts } from "../../../../components/cluster/monitoring/certificate-alerts";
import { haproxyAlerts } from "../../../../components/servers";
import { rainMonitoring } from "../../../../components/systems/rain/monitoring";
import { judgeAlerts, type Series } from "../../../rigs/alerting/promtool";
import { describeWith } from "../../../rigs/programs";

const DAY = 86_400;
const HAPROXY = 'job="haproxy",node="one"';
const CERTIFICATE = '{exported_namespace="airflow",name="airflow-tls"';

const HEALTHY: Series = {
  [`up{${HAPROXY}}`]: "1x400",
  [`haproxy_backend_active_servers{${HAPROXY},proxy="postgres-leader"}`]: "1x400",
  [`haproxy_backend_active_servers{${HAPROXY},proxy="postgres-replicas"}`]: "0x400",
  [`haproxy_process_current_connections{${HAPROXY}}`]: "10x400",
  [`haproxy_process_max_connections{${HAPROXY}}`]: "100x400",
  [`certmanager_certificate_expiration_timestamp_seconds${CERTIFICATE}}`]: `${60 * DAY}x400`,
  [`certmanager_certificate_ready_status${CERTIFICATE},condition="True"}`]: "1x400",
  'up{job="rain-metrics"}': "1x400",
  'rain_last_import_timestamp_seconds{job="rain-metrics",source="excel"}': "0x400",
};

describeWith(["promtool"], "the alerts of HAProxy, of Ingresses' certificates and of the rain record", () => {
  it.each<[string, Series, number, readonly string[]]>([
    ["are quiet while all is well", {}, 240, []],
    ["tell of a HAProxy that is down", { [`up{${HAPROXY}}`]: "0x400" }, 10, ["HaproxyDown"]],
    [
      "tell of an entrance without a server",
      { [`haproxy_backend_active_servers{${HAPROXY},proxy="postgres-leader"}`]: "0x400" },
      10,
      ["HaproxyNoServer"],
    ],
    [
      "end when it has one",
      { [`haproxy_backend_active_servers{${HAPROXY},proxy="postgres-leader"}`]: "0x9 1x390" },
      20,
      [],
    ],
    [
      "tell of many connections",
      { [`haproxy_process_current_connections{${HAPROXY}}`]: "90x400" },
      20,
      ["HaproxyFillsUp"],
    ],
    [
      "tell of a certificate that is not renewed",
      { [`certmanager_certificate_expiration_timestamp_seconds${CERTIFICATE}}`]: `${20 * DAY}x400` },
      90,
      ["CertificateNotRenewed"],
    ],
    [
      "are critical about it in the last days",
      { [`certmanager_certificate_expiration_timestamp_seconds${CERTIFICATE}}`]: `${2 * DAY}x400` },
      90,
      ["CertificateNotRenewed", "CertificateExpires"],
    ],
    [
      "tell of one that is not issued",
      { [`certmanager_certificate_ready_status${CERTIFICATE},condition="True"}`]: "0x400" },
      90,
      ["CertificateNotReady"],
    ],
    ["tell of metrics that are missing", { 'up{job="rain-metrics"}': "0x400" }, 60, ["RainMetricsMissing"]],
  ])("%s", (_, changes, minute, firing) => {
    const rules = [
      ...haproxyAlerts(),
      ...ingressCertificateAlerts(),
      ...(rainMonitoring.metrics?.alerts ?? []),
    ];
    judgeAlerts(rules, [{ series: { ...HEALTHY, ...changes }, minute, firing }]);
  });

  it("tell of a rain record that nothing is added to", () => {
    const series = {
      'rain_last_import_timestamp_seconds{job="rain-metrics",source="excel"}': "0x5000",
      'up{job="rain-metrics"}': "1x5000",
    };
    const rules = rainMonitoring.metrics?.alerts ?? [];
    judgeAlerts(rules, [{ series, minute: 4400, firing: ["RainNotImported"] }]);
  });
});
