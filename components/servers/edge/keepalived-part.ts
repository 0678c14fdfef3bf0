import { readFileSync } from "node:fs";
import { SERVER_PORTS } from "../../shared/address-plan";
import type { MachinePart } from "../machine";
import {
  CHECK_SCRIPT,
  INTERFACE,
  type KeepalivedArgs,
  keepalivedConfig,
  NOTIFY_SCRIPT,
  SCRIPT_USER,
} from "./keepalived-config";

export const KEEPALIVED_CONFIG_FILE = "/etc/keepalived/keepalived.conf";
const TEMPLATE_FILE = `${KEEPALIVED_CONFIG_FILE}.template`;
const CONFIGURE_SCRIPT = "/usr/local/lib/trellis/configure-keepalived";

const HETZNER_API = "https://api.hetzner.cloud/v1";
const HETZNER_METADATA = "http://169.254.169.254/hetzner/v1/metadata";

/** keepalived, which elects the holder of the floating IP, and the script that assigns the address at Hetzner. */
export function keepalivedPart(args: KeepalivedArgs): MachinePart {
  return {
    name: "keepalived",
    packages: ["keepalived", "curl", "jq"],
    users: [SCRIPT_USER],
    files: [
      { path: TEMPLATE_FILE, content: keepalivedConfig(args) },
      { path: CONFIGURE_SCRIPT, mode: "0755", content: configureScript(args) },
      { path: CHECK_SCRIPT, mode: "0755", content: checkScript(args) },
      { path: NOTIFY_SCRIPT, mode: "0755", content: notifyScript() },
      { path: "/etc/trellis/floating-ip.conf", content: floatingIpSettings(args) },
      {
        path: "/etc/trellis/floating-ip.authorization",
        mode: "0600",
        content: `Authorization: Bearer ${oneLine("token", args.token)}\n`,
      },
      { path: "/etc/systemd/system/keepalived.service.d/trellis.conf", content: unitSettings() },
    ],
    setup: `systemctl daemon-reload
systemctl enable keepalived
systemctl restart keepalived
`,
  };
}

/** Runs at each start: the interface may have another name after a reboot or a change of the server type. */
function configureScript({ server }: KeepalivedArgs): string {
  return `#!/bin/sh
# Writes keepalived.conf with the name of the interface that holds this server's private address.
set -eu
interface=$(/usr/local/lib/trellis/interface-of ${server.address})
sed "s/${INTERFACE}/$interface/" ${TEMPLATE_FILE} >${KEEPALIVED_CONFIG_FILE}.new
mv ${KEEPALIVED_CONFIG_FILE}.new ${KEEPALIVED_CONFIG_FILE}
`;
}

function checkScript({ server }: KeepalivedArgs): string {
  return `#!/bin/sh
# Asks HAProxy itself: a process that hangs has open ports too.
exec curl --disable --silent --fail --max-time 1 --output /dev/null http://${server.address}:${SERVER_PORTS.haproxyStatus}/health
`;
}

/** The script is a separate file so that shellcheck and editors recognize it. */
function notifyScript(): string {
  return readFileSync(new URL("./trellis-floating-ip.sh", import.meta.url), "utf8");
}

function floatingIpSettings({
  server,
  floatingIp,
  api = HETZNER_API,
  metadata = HETZNER_METADATA,
}: KeepalivedArgs): string {
  const settings = {
    SERVER: server.name,
    FLOATING_IP: floatingIp.address,
    FLOATING_IP_ID: floatingIp.id,
    API: api,
    METADATA: metadata,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(oneLine(name, value))}\n`)
    .join("");
}

function oneLine(name: string, value: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new Error(`${name} of the floating IP must consist of printable characters without spaces`);
}

const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;

/** Overrides the package's unit, which requires keepalived.conf before its start and does not restart on failure. */
function unitSettings(): string {
  return `[Unit]
ConditionFileNotEmpty=
StartLimitIntervalSec=0
After=haproxy.service

[Service]
ExecStartPre=${CONFIGURE_SCRIPT}
Restart=always
RestartSec=2
OOMScoreAdjust=-900
`;
}
