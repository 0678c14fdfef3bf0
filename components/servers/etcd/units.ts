import { DISK_RESERVE } from "../../shared/disk-reserve";
import { ACCESS_CHECK_MINUTES } from "./access";
import type { EtcdPaths } from "./paths";

export interface Unit {
  readonly name: string;
  readonly content: string;
}

/** systemd sandboxing for services that need only files and sockets. */
const CONFINED = `NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077`;

export function renderUnits(paths: EtcdPaths, address: string): Unit[] {
  return [
    { name: "etcd.service", content: service(paths, address) },
    { name: "etcd-access.service", content: access(paths) },
    { name: "etcd-access.timer", content: ACCESS_TIMER },
    {
      name: "etcd-snapshot.service",
      content: task("Snapshot of etcd, if one is due", `${paths.program} snapshot --due`, paths),
    },
    // Each member checks whether a snapshot is due. The leader takes it; a follower does so only if the leader did not.
    { name: "etcd-snapshot.timer", content: timer("Asks whether an etcd snapshot is due", "*:0/15", 60) },
    {
      name: "etcd-defragment.service",
      content: task("Defragmentation of etcd", `${paths.program} defragment --leader`, paths),
    },
    // Only the leader acts: it defragments the members one by one, itself last. On followers the task does nothing.
    { name: "etcd-defragment.timer", content: timer("Defragments etcd each week", "Sun *-*-* 03:40", 600) },
  ];
}

function service(paths: EtcdPaths, address: string): string {
  return `[Unit]
Description=etcd, the store of Kubernetes and Patroni
After=network-online.target
Wants=network-online.target
# A member is tried again for ever: giving up would turn a long outage of the others into one of its own.
StartLimitIntervalSec=0

[Service]
# Ready means: part of a quorum. On a first start the others may be minutes away.
Type=notify
TimeoutStartSec=infinity
User=etcd
Group=etcd
SupplementaryGroups=${DISK_RESERVE.group}
ExecStartPre=+${paths.interfaceOf} ${address}
ExecStartPre=+${paths.program} join
ExecStart=${paths.binaries}/etcd --config-file=${paths.started}
ExecStartPost=+${paths.program} joined
Restart=always
RestartSec=5
LimitNOFILE=65536
# The store goes last when memory is short, and its fsync goes first: all else waits for it.
OOMScoreAdjust=-900
IOSchedulingClass=best-effort
IOSchedulingPriority=0
StateDirectory=etcd
StateDirectoryMode=0700
RuntimeDirectory=etcd
RuntimeDirectoryPreserve=restart
CapabilityBoundingSet=
AmbientCapabilities=
${CONFINED}

[Install]
WantedBy=multi-user.target
`;
}

/**
 * `Wants=`, because with `Requires=` systemd cancels this unit for good if etcd's first start fails. The unit has no
 * `RemainAfterExit=`, so that its timer can start it again.
 */
function access(paths: EtcdPaths): string {
  return `[Unit]
Description=Users and roles of etcd
After=etcd.service
Wants=etcd.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${paths.program} access
Restart=on-failure
RestartSec=10
TimeoutStartSec=infinity
ReadWritePaths=${paths.metrics}
${CONFINED}

[Install]
WantedBy=multi-user.target
`;
}

/** The check is repeated because a restored snapshot or a person may turn authentication off. */
const ACCESS_TIMER = `[Unit]
Description=Checks users, roles and authentication of etcd

[Timer]
OnActiveSec=${ACCESS_CHECK_MINUTES}min
OnUnitInactiveSec=${ACCESS_CHECK_MINUTES}min
RandomizedDelaySec=30

[Install]
WantedBy=timers.target
`;

function task(description: string, command: string, paths: EtcdPaths): string {
  return `[Unit]
Description=${description}
After=etcd.service

[Service]
Type=oneshot
ExecStart=${command}
TimeoutStartSec=1h
Nice=10
IOSchedulingClass=idle
ReadWritePaths=${paths.state} ${paths.metrics}
${CONFINED}
`;
}

function timer(description: string, when: string, spreadSeconds: number): string {
  return `[Unit]
Description=${description}

[Timer]
OnCalendar=${when}
RandomizedDelaySec=${spreadSeconds}
Persistent=true

[Install]
WantedBy=timers.target
`;
}
