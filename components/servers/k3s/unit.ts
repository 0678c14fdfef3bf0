import type { MachineFile } from "../machine";
import { K3S_PROGRAM } from "./release";

export const K3S_UNIT = "k3s.service";

const STARTER = "/usr/local/lib/trellis/k3s";
/** The private network's interface may appear only seconds after the others. */
const SECONDS_FOR_THE_INTERFACE = 120;

/** Starts K3s with the interface that holds the node's address, whatever it is called on this machine. */
export function starter(role: "server" | "agent", address: string): MachineFile {
  return {
    path: STARTER,
    mode: "0755",
    content: `#!/bin/sh
set -eu
interface=$(/usr/local/lib/trellis/interface-of ${address} ${SECONDS_FOR_THE_INTERFACE})
exec ${K3S_PROGRAM} ${role} --flannel-iface "$interface"
`,
  };
}

/**
 * As K3s' own installer has it (it must not be killed with its containers, and owns their control groups), and never
 * without the guard of the metadata address.
 */
export function k3sUnit(role: "server" | "agent"): string {
  return `[Unit]
Description=K3s ${role}
Documentation=https://docs.k3s.io
Wants=network-online.target
After=network-online.target trellis-metadata-guard.service etcd.service
Requires=trellis-metadata-guard.service

[Service]
Type=notify
ExecStart=${STARTER}
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
