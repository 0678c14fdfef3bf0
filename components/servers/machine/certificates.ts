import type { MachineFile } from "./part";

export const CERTIFICATES_TIMER = "trellis-certificates.timer";
export const CERTIFICATES_UNIT = "trellis-certificates.service";
export const CERTIFICATES_FILE = "certificates.prom";
/** When each certificate on a server expires, with its file as the label `file`. */
export const CERTIFICATE_METRIC = "trellis_certificate_expiry_timestamp_seconds";

const SCRIPT = "/usr/local/lib/trellis/certificates";

/** K3s renews, whenever it starts, each of its certificates that expires within 120 days (K3s' documentation). */
const RENEWED_DAYS_BEFORE = 90;
const DAYS_BETWEEN_RESTARTS = 7;

/**
 * Publishes when the certificates of a server expire, and restarts K3s once a day at most in the hour of maintenance, if
 * one of K3s' own expires soon. Pods run on during such a restart. Servers do so at different minutes.
 */
export function certificateWatch(hour: number): MachineFile[] {
  const at = String(hour).padStart(2, "0");
  return [
    { path: SCRIPT, mode: "0755", content: script() },
    {
      path: `/etc/systemd/system/${CERTIFICATES_UNIT}`,
      content: `[Unit]
Description=Watch the certificates of this server and renew those of K3s

[Service]
Type=oneshot
ExecStart=${SCRIPT}
`,
    },
    {
      path: `/etc/systemd/system/${CERTIFICATES_TIMER}`,
      content: `[Unit]
Description=Watches the certificates of this server each day

[Timer]
OnBootSec=10min
OnCalendar=*-*-* ${at}:00:00 UTC
RandomizedDelaySec=50min
FixedRandomDelay=true

[Install]
WantedBy=timers.target
`,
    },
  ];
}

function script(): string {
  return `#!/bin/sh
set -eu
metrics=/var/lib/trellis/metrics
k3s=/var/lib/rancher/k3s
restarted=/var/lib/trellis/restarted-for-certificates
mkdir -p "$metrics"
{
  echo '# HELP ${CERTIFICATE_METRIC} When a certificate on this server expires.'
  echo '# TYPE ${CERTIFICATE_METRIC} gauge'
  for file in /etc/etcd/tls/*.crt /etc/haproxy/*.crt /etc/rancher/k3s/etcd/*.crt "$k3s"/server/tls/*.crt "$k3s"/agent/*.crt; do
    [ -e "$file" ] || continue
    end=$(openssl x509 -in "$file" -noout -enddate)
    printf '${CERTIFICATE_METRIC}{file="%s"} %s\\n' "$file" "$(date -d "\${end#*=}" +%s)"
  done
} >"$metrics/.${CERTIFICATES_FILE}"
chmod 644 "$metrics/.${CERTIFICATES_FILE}"
mv "$metrics/.${CERTIFICATES_FILE}" "$metrics/${CERTIFICATES_FILE}"

# Not again and again: what K3s did not renew needs a person, whom an alert tells.
[ -z "$(find "$restarted" -mtime -${DAYS_BETWEEN_RESTARTS} 2>/dev/null)" ] || exit 0
for file in "$k3s"/server/tls/*.crt "$k3s"/agent/*.crt; do
  case $file in *-ca.crt | */\\*.crt) continue ;; esac
  if ! openssl x509 -in "$file" -noout -checkend $((${RENEWED_DAYS_BEFORE} * 86400)) >/dev/null; then
    echo "$file expires within ${RENEWED_DAYS_BEFORE} days: K3s restarts and renews it"
    touch "$restarted"
    systemctl restart --no-block k3s.service
    exit 0
  fi
done
`;
}
