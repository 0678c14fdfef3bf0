import { sha256 } from "../../components/shared/digest";
import type { TarEntry } from "../../components/shared/tar";
import { type Effect, effectsOf, ordered } from "./effects";
import type { FoundServer, MachineState } from "./machine-state";
import type { FirstBoot } from "./outputs";
import { refusalsOf } from "./refusals";

/** What one server needs to be as its first boot would make it now. */
export interface ServerChange {
  readonly server: string;
  /** Files and directories to write, in their order. */
  readonly write: readonly string[];
  /** Files and directories of its former first boot to remove. */
  readonly remove: readonly string[];
  /** Programs to fetch. */
  readonly fetch: MachineState["installed"]["programs"];
  readonly effects: readonly Effect[];
  /** What stays different, and who changes it. */
  readonly notes: readonly string[];
  /** Why nothing is applied. */
  readonly refusals: readonly string[];
}

/** K3s' program. The system-upgrade-controller replaces it, with a drain and in the window. */
const K3S_PROGRAM = "/usr/local/bin/k3s";
/** K3s rewrites its own state, so only a change of ours counts there. */
const K3S_STATE = /^\/var\/lib\/rancher\//;

/** Compares a server with what its first boot would be now. */
export function changeOf(
  server: string,
  wanted: MachineState,
  boot: FirstBoot,
  found: FoundServer,
): ServerChange {
  const { recorded } = found;
  if (!recorded) {
    const refusals = [
      "/var/lib/trellis/files.tar.gz is missing or its first boot has not ended, so nobody knows what it was booted with: rebuild it (docs/runbooks/replace-node.md)",
    ];
    return { server, write: [], remove: [], fetch: [], effects: [], notes: [], refusals };
  }
  const write = [...wanted.entries.values()].filter((entry) => differs(entry, recorded, found));
  const remove = [
    ...[...recorded.entries.keys()].filter((path) => !wanted.entries.has(path)),
    ...recorded.installed.programs
      .map(({ path }) => path)
      .filter((path) => wanted.installed.programs.every((each) => each.path !== path)),
  ].filter((path) => found.found.has(path));
  const lines = new Set(recorded.installed.programs.map(({ line }) => line));
  const { programs } = wanted.installed;
  const fetch = programs.filter(
    ({ path, line }) => path !== K3S_PROGRAM && (!lines.has(line) || !found.found.has(path)),
  );
  const changed = [
    ...write.filter(({ content }) => content !== undefined).map(({ path }) => path),
    ...fetch.map(({ path }) => path),
    ...remove.filter((path) => recorded.entries.get(path)?.content !== undefined),
  ];
  const unknown = changed.filter((path) => effectsOf(path) === undefined);
  return {
    server,
    write: write.map(({ path }) => path),
    remove,
    fetch,
    effects: ordered(changed.flatMap((path) => effectsOf(path) ?? [])),
    notes: [...k3sNote(programs, found), ...foreignKeys(boot, found)],
    refusals: [
      ...refusalsOf(recorded, wanted),
      ...outsideOfFiles(boot, found),
      ...unknown.map((path) => `nobody has said what reads ${path} (cli/apply/effects.ts)`),
    ],
  };
}

/** Whether nothing has to change on a server. */
export const isEmpty = ({ write, remove, fetch }: ServerChange): boolean =>
  write.length + remove.length + fetch.length === 0;

/** A file differs from the record, or from what is on the disk where somebody else changed it. */
function differs(entry: TarEntry, recorded: MachineState, { found }: FoundServer): boolean {
  const { path, mode, owner, content } = entry;
  const before = recorded.entries.get(path);
  if (before === undefined || before.content !== content || !sameRights(before, entry)) return true;
  if (K3S_STATE.test(path)) return false;
  const there = found.get(path);
  return (
    there === undefined ||
    !sameRights({ mode: there.mode, owner: there.owner }, { mode, owner }) ||
    (content !== undefined && there.sha256 !== sha256(content))
  );
}

type Rights = Pick<TarEntry, "mode" | "owner">;

function sameRights(a: Rights, b: Rights): boolean {
  const whole = ({ mode, owner }: Rights) =>
    `${Number.parseInt(mode, 8)} ${owner.includes(":") ? owner : `${owner}:${owner}`}`;
  return whole(a) === whole(b);
}

/** What the mark of a first boot covers besides files. */
function outsideOfFiles({ image, sshKeys }: FirstBoot, found: FoundServer): string[] {
  const missing = sshKeys.map(withoutComment).filter((key) => !found.sshKeys.includes(key));
  return [
    ...(found.image === image
      ? []
      : [`it runs ${found.image}, and new servers get ${image}: increment its number in target.generations`]),
    ...missing.map(
      (key) =>
        `root does not accept the key ${key.slice(-16)} of target.access.sshKeys: add it to /root/.ssh/authorized_keys`,
    ),
  ];
}

function foreignKeys({ sshKeys }: FirstBoot, found: FoundServer): string[] {
  const known = new Set(sshKeys.map(withoutComment));
  return found.sshKeys
    .filter((key) => key.startsWith("ssh-") && !known.has(key))
    .map((key) => `root accepts a key that is not in target.access.sshKeys: ${key.slice(-16)}`);
}

const withoutComment = (key: string) => key.trim().split(/\s+/).slice(0, 2).join(" ");

function k3sNote(programs: MachineState["installed"]["programs"], { found }: FoundServer): string[] {
  const pinned = programs.find(({ path }) => path === K3S_PROGRAM);
  return pinned === undefined || found.get(K3S_PROGRAM)?.sha256 === pinned.sha256
    ? []
    : [
        `${K3S_PROGRAM} is not the pinned release: the system-upgrade-controller replaces it in target.kubernetes.upgradeWindow`,
      ];
}

/**
 * The order of servers: those without etcd first, for a mistake costs least there, and the leader of etcd last, so that
 * it changes once.
 */
export function inOrder<
  Server extends { readonly name: string; readonly state: MachineState; readonly leadsEtcd: boolean },
>(servers: readonly Server[]): Server[] {
  const rank = ({ state, leadsEtcd }: Server) =>
    leadsEtcd ? 2 : state.entries.has("/etc/systemd/system/etcd.service") ? 1 : 0;
  return [...servers].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}
