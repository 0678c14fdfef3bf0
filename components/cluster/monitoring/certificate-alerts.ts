import { type AlertRule, alertsOf } from "../../shared/workloads";

const { critical, warning } = alertsOf("docs/runbooks/rotate-certificates.md");
const DAY = 86_400;

/** Alerts on the certificates of Ingresses, from cert-manager's metrics. It renews them 30 days before their expiry. */
export function ingressCertificateAlerts(): AlertRule[] {
  const left =
    "min by (exported_namespace, name) (certmanager_certificate_expiration_timestamp_seconds) - time()";
  return [
    {
      ...warning(
        "CertificateNotRenewed",
        "1h",
        "The certificate {{ $labels.name }} expires within three weeks: cert-manager could not renew it",
        "a-certificate-is-not-renewed",
      ),
      expr: `${left} < ${21 * DAY}`,
    },
    {
      ...critical(
        "CertificateExpires",
        "1h",
        "The certificate {{ $labels.name }} expires within three days: browsers will then refuse the site",
        "a-certificate-is-not-renewed",
      ),
      expr: `${left} < ${3 * DAY}`,
    },
    {
      ...warning(
        "CertificateNotReady",
        "1h",
        "The certificate {{ $labels.name }} is not issued",
        "a-certificate-is-not-renewed",
      ),
      expr: 'max by (exported_namespace, name) (certmanager_certificate_ready_status{condition="True"}) == 0',
    },
  ];
}
