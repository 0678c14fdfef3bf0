import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";
import { installedBy } from "../../components/servers";
import { fromBase94 } from "../../components/shared/base94";
import { unpackEntries } from "../../components/shared/packed-files";
import { type TarEntry, untarEntries } from "../../components/shared/tar";

/** Everything that a first boot lays down on a server. */
export interface MachineState {
  /** Files and directories by path. */
  readonly entries: ReadonlyMap<string, TarEntry>;
  /** The users, packages and programs that its first-boot script installs. */
  readonly installed: ReturnType<typeof installedBy>;
}

/** A file or directory as it is on a server. */
export interface FoundEntry {
  /** As `stat` prints it, without leading zeros. */
  readonly mode: string;
  readonly owner: string;
  /** The SHA-256 of a file's content; empty for a directory. */
  readonly sha256: string;
}

/** A server as it is. */
export interface FoundServer {
  /** Its system, as Hetzner names images: `ubuntu-24.04`. */
  readonly image: string;
  /** What it was booted with, or changed to since. @default none: the archive is missing */
  readonly recorded: MachineState | undefined;
  /** Whether a change was interrupted. */
  readonly interrupted: boolean;
  readonly leadsEtcd: boolean;
  /** The keys that root accepts: kind and key, without comment. */
  readonly sshKeys: readonly string[];
  /** Why it is not healthy. */
  readonly unhealthy: readonly string[];
  readonly found: ReadonlyMap<string, FoundEntry>;
}

const FIRST_BOOT_SCRIPT = "/usr/local/lib/trellis/first-boot";

const cloudConfig = z.object({ write_files: z.tuple([z.object({ content: z.string() })]) });

/** The packed files in a server's user data, as its first boot unpacks them. */
export const packedFiles = (userData: string): string =>
  cloudConfig.parse(parse(userData)).write_files[0].content;

export const stateOfUserData = (userData: string): MachineState =>
  stateOf(unpackEntries(fromBase94(packedFiles(userData))));

/** What the entries of a first boot are. */
export function stateOf(entries: readonly TarEntry[]): MachineState {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return { entries: byPath, installed: installedBy(byPath.get(FIRST_BOOT_SCRIPT)?.content ?? "") };
}

/** Reads what `server/inspect.sh` printed. */
export function foundServer(printed: string): FoundServer {
  const lines = printed.split("\n").map((line) => line.split("\t"));
  const all = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...fields]) => fields);
  const one = (kind: string) => all(kind)[0]?.[0] ?? "";
  const record = one("record");
  if (one("end") === "") throw new Error("the server did not print all that it was asked for");
  return {
    image: one("image"),
    recorded: record === "" ? undefined : stateOf(untarEntries(gunzipSync(Buffer.from(record, "base64")))),
    interrupted: one("left") !== "",
    leadsEtcd: one("leads") !== "",
    sshKeys: all("key").map(([key = ""]) => key),
    unhealthy: all("unhealthy").map(([reason = ""]) => reason),
    found: new Map(
      all("entry").map(([path = "", mode = "", owner = "", digest = ""]) => [
        path,
        { mode, owner, sha256: digest },
      ]),
    ),
  };
}
