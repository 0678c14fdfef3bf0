import { parse } from "yaml";
import type { MachineState } from "./machine-state";

/** Why a server cannot be changed in place from one state to another, and what to do; nothing if it can. */
export function refusalsOf(former: MachineState, wanted: MachineState): string[] {
  return [
    ...roles(former, wanted),
    ...additions("package", former.installed.packages, wanted.installed.packages),
    ...additions("user", former.installed.users, wanted.installed.users),
    ...etcdSteps(former, wanted),
    ...SETTINGS.flatMap((rule) => changedSetting(rule, former, wanted)),
    ...[...wanted.entries.keys()].flatMap((path) => clusterIdentity(path, former, wanted)),
  ];
}

const REBUILD = "increment its number in target.generations (docs/runbooks/replace-node.md)";

function textOf(state: MachineState, path: string): string {
  return state.entries.get(path)?.content ?? "";
}

/** What a server is shows in the units that it has. */
function roles(former: MachineState, wanted: MachineState): string[] {
  const kinds = [
    ["a member of etcd", "/etc/systemd/system/etcd.service"],
    ["a holder of the floating IP", "/etc/keepalived/keepalived.conf.template"],
  ] as const;
  const changed = kinds.flatMap(([what, path]) =>
    former.entries.has(path) === wanted.entries.has(path)
      ? []
      : [`it becomes ${wanted.entries.has(path) ? "" : "no more "}${what}: ${REBUILD}`],
  );
  const k3sRole = (state: MachineState) =>
    /^exec \S+ (server|agent) /m.exec(textOf(state, "/usr/local/lib/trellis/k3s"))?.[1];
  return k3sRole(former) === k3sRole(wanted)
    ? changed
    : [...changed, `its role in K3s changes to ${k3sRole(wanted)}: ${REBUILD}`];
}

function additions(what: string, former: readonly string[], wanted: readonly string[]): string[] {
  return wanted
    .filter((name) => !former.includes(name))
    .map((name) => `its first boot would add the ${what} ${name}: ${REBUILD}`);
}

/** etcd moves one minor version at a time, and never to an older one. */
function etcdSteps(former: MachineState, wanted: MachineState): string[] {
  const release = ({ installed }: MachineState) => {
    const url = installed.programs.find(({ path }) => path.endsWith("/etcd"))?.url ?? "";
    const [, major = "", minor = ""] = /\/v(\d+)\.(\d+)\./.exec(url) ?? [];
    return { major: Number(major), minor: Number(minor) };
  };
  const [from, to] = [release(former), release(wanted)];
  if (from.major === to.major && [0, 1].includes(to.minor - from.minor)) return [];
  return [
    `etcd moves from ${from.major}.${from.minor} to ${to.major}.${to.minor}: allowed is the same minor version or the next ` +
      "(docs/upgrade.md#roll-back)",
  ];
}

interface SettingRule {
  readonly path: string;
  /** The settings of the file by name. */
  readonly read: (text: string) => Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  readonly remedy: string;
}

const yaml = (text: string): Readonly<Record<string, unknown>> => Object(parse(text));
const shell = (text: string) =>
  Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
const words = (text: string) =>
  Object.fromEntries([...text.matchAll(/^\s*(\w+) +(\S.*)$/gm)].map(([, name, value]) => [name, value]));

/** Settings that all servers of a cluster share, or that are in data already. */
const SETTINGS: readonly SettingRule[] = [
  {
    path: "/etc/etcd/etcd.yaml",
    read: yaml,
    names: ["name", "data-dir", "listen-peer-urls", "initial-advertise-peer-urls", "initial-cluster-token"],
    remedy: `etcd's data belongs to it: ${REBUILD}`,
  },
  {
    path: "/etc/etcd/trellis.conf",
    read: shell,
    names: ["NAME", "ADDRESS", "MEMBERS", "TOKEN"],
    remedy: "members join and leave one at a time: docs/runbooks/etcd.md",
  },
  {
    path: "/etc/rancher/k3s/config.yaml",
    read: yaml,
    names: [
      ...["node-name", "node-ip", "cluster-cidr", "service-cidr", "cluster-dns", "flannel-backend"],
      ...["secrets-encryption", "secrets-encryption-provider"],
    ],
    remedy: `nodes and pods have it already: ${REBUILD}`,
  },
  {
    path: "/etc/rancher/k3s/config.yaml",
    read: yaml,
    names: ["token", "agent-token"],
    remedy:
      "`k3s token rotate` changes it (docs/runbooks/rotate-secrets.md#k3s-tokens-and-the-key-of-service-accounts)",
  },
  {
    path: "/etc/keepalived/keepalived.conf.template",
    read: words,
    names: ["virtual_router_id"],
    remedy: "with two of them, two servers hold the floating IP: stop keepalived everywhere and rebuild",
  },
];

function changedSetting(
  { path, read, names, remedy }: SettingRule,
  former: MachineState,
  wanted: MachineState,
): string[] {
  if (!former.entries.has(path) || !wanted.entries.has(path)) return [];
  const [before, after] = [read(textOf(former, path)), read(textOf(wanted, path))];
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `\`${name}\` changes in ${path}: ${remedy}`);
}

const CLUSTER_KEYS =
  /^\/(var\/lib\/rancher\/k3s\/server\/(tls|cred)\/|etc\/etcd\/tls\/ca\.crt$|etc\/rancher\/k3s\/etcd\/ca\.crt$)/;

/** CAs and the keys that all servers share. K3s keeps them in etcd, and prefers those. */
function clusterIdentity(path: string, former: MachineState, wanted: MachineState): string[] {
  const entry = wanted.entries.get(path);
  const before = former.entries.get(path);
  if (!CLUSTER_KEYS.test(path) || entry?.content === before?.content) return [];
  return [
    `${path} changes, a key that all servers share: docs/runbooks/rotate-certificates.md, docs/runbooks/encryption-key.md`,
  ];
}
