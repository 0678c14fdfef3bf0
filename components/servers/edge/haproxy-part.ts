import { type MachinePart, REPORT_UNIT } from "../machine";
import {
  apiClientFile,
  type HaproxyArgs,
  haproxyConfig,
  metricsFile,
  patroniAuthorityFile,
} from "./haproxy-config";

export const HAPROXY_CONFIG_FILE = "/etc/haproxy/haproxy.cfg";

/** HAProxy on one server: package, configuration, systemd settings. */
export function haproxyPart(args: HaproxyArgs): MachinePart {
  const authority = args.postgres?.certificateAuthority;
  return {
    name: "haproxy",
    packages: ["haproxy", "curl"],
    files: [
      { path: HAPROXY_CONFIG_FILE, content: haproxyConfig(args) },
      { path: "/etc/systemd/system/haproxy.service.d/trellis.conf", content: unitSettings() },
      ...(args.metricsCertificate
        ? [
            secret(metricsFile(args, "crt"), args.metricsCertificate.cert),
            secret(metricsFile(args, "key"), args.metricsCertificate.key),
          ]
        : []),
      ...(authority ? [{ path: patroniAuthorityFile(args), content: authority }] : []),
      ...(args.apiClient ? [secret(apiClientFile(args), args.apiClient.cert + args.apiClient.key)] : []),
    ],
    setup: `haproxy -c -q -f ${HAPROXY_CONFIG_FILE}
systemctl daemon-reload
systemctl enable haproxy
# The report of the first boot has the API's port until now.
systemctl stop ${REPORT_UNIT} 2>/dev/null || :
# A running HAProxy keeps its sessions: the new one takes over the listening sockets.
systemctl reload-or-restart haproxy
`,
  };
}

const secret = (path: string, content: string) => ({ path, content, mode: "0600", renewable: true }) as const;

/** All traffic passes HAProxy: the kernel should kill other processes first, and systemd restarts it at once. */
function unitSettings(): string {
  return `[Unit]
StartLimitIntervalSec=0

[Service]
Restart=always
RestartSec=500ms
OOMScoreAdjust=-900
`;
}
