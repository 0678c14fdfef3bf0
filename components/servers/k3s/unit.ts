import { clientUrl } from "../etcd";
import { LOAD_METADATA_GUARD, type MachineFile } from "../machine";
import { ETCD_CLIENT } from "./paths";
import { K3S_PROGRAM } from "./release";

export const K3S_UNIT = "k3s.service";

const STARTER = "/usr/local/lib/trellis/k3s";
const AUTHENTICATION_WAIT = "/usr/local/lib/trellis/await-etcd-authentication";

/** Starts K3s with the interface that has the node's address. Its name differs between machines. */
export function starter(role: "server" | "agent", address: string): MachineFile {
  return {
    path: STARTER,
    mode: "0755",
    content: `#!/bin/sh
set -eu
interface=$(/usr/local/lib/trellis/interface-of ${address})
exec ${K3S_PROGRAM} ${role} --flannel-iface "$interface"
`,
  };
}

/**
 * Waits until authentication of etcd is on. While it is off, etcd answers the status request of any client. Once it is
 * on, etcd refuses that request to K3s' user, which is not root. Files on the server are no sign, because K3s also runs
 * on servers without an etcd member.
 */
export function authenticationWait(etcdAddresses: readonly string[]): MachineFile {
  const tls = `--cacert ${ETCD_CLIENT}/ca.crt --cert ${ETCD_CLIENT}/client.crt --key ${ETCD_CLIENT}/client.key`;
  return {
    path: AUTHENTICATION_WAIT,
    mode: "0755",
    content: `#!/bin/sh
set -u
said=
while :; do
  reason="no member of etcd answers"
  for url in ${etcdAddresses.map((address) => clientUrl({ address })).join(" ")}; do
    case $(curl --silent --max-time 5 ${tls} --data '{}' --output /dev/null --write-out '%{http_code}' "$url/v3/auth/status") in
      400 | 401 | 403) exit 0 ;;
      200) reason="authentication of etcd is off; etcd-access.service turns it on (docs/runbooks/etcd.md)" ;;
    esac
  done
  [ "$reason" = "$said" ] || echo "K3s waits: $reason" >&2
  said=$reason
  sleep 1
done
`,
  };
}

/**
 * The unit of K3s' own installer (a stop must not kill the containers, and K3s manages their cgroups). In addition it
 * does not start before the metadata guard's rules are loaded.
 */
export function k3sUnit(role: "server" | "agent"): string {
  return `[Unit]
Description=K3s ${role}
Wants=network-online.target trellis-metadata-guard.service
After=network-online.target trellis-metadata-guard.service etcd.service

[Service]
Type=notify
ExecStartPre=${LOAD_METADATA_GUARD}
${role === "server" ? `ExecStartPre=${AUTHENTICATION_WAIT}\n` : ""}ExecStart=${STARTER}
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
}
