import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { claim } from "../ownership";
import type { Owner, PostgresPrograms } from "./postgres-programs";

/** The folders of a server's data and programs; the server's user can access both. */
interface PostgresHome {
  readonly folder: string;
  readonly binaries: string;
}

/** A file with the path of a home outside `folder`. */
const POINTER = "postgres-is-in";

/**
 * Returns the home in `folder`. As root, PostgreSQL runs as another user; if that user cannot access `folder` (for
 * example below /root), the home is in /var/tmp and `folder` contains a pointer to it. Programs that the user cannot
 * access are copied there. A home of another checkout is refused.
 */
export async function postgresHome(
  folder: string,
  { folder: binaries, release }: PostgresPrograms,
  owner: Owner,
): Promise<PostgresHome> {
  mkdirSync(folder, { recursive: true });
  const here = join(folder, "postgres");
  if (owner.uid === undefined) return { folder: made(here, owner), binaries };
  const open = await canReach(join(binaries, "postgres"), owner);
  if (open && (await canReach(folder, owner))) return { folder: made(here, owner), binaries };
  const elsewhere = postgresElsewhere(folder) ?? newElsewhere(folder);
  claim(folder, elsewhere);
  return {
    folder: made(join(elsewhere, "data"), owner),
    binaries: open ? binaries : copied(dirname(binaries), join(elsewhere, release), binaries),
  };
}

/** What `postgresHome` created outside of the folder. */
export function postgresElsewhere(folder: string): string | undefined {
  const pointer = join(folder, POINTER);
  if (!existsSync(pointer)) return undefined;
  const path = readFileSync(pointer, "utf8").trim();
  return /^\/var\/tmp\/trellis-\w+$/.test(path) && existsSync(path) ? path : undefined;
}

function newElsewhere(folder: string): string {
  const path = mkdtempSync("/var/tmp/trellis-");
  chmodSync(path, 0o711);
  writeFileSync(join(folder, POINTER), `${path}\n`);
  return path;
}

function made(path: string, { uid, gid }: Owner): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  return path;
}

/** Copies the programs with their libraries. The copy appears only when it is complete. */
function copied(programs: string, copy: string, binaries: string): string {
  if (!existsSync(copy)) {
    const half = `${copy}.new`;
    rmSync(half, { recursive: true, force: true });
    cpSync(programs, half, { recursive: true, verbatimSymlinks: true });
    renameSync(half, copy);
  }
  return join(copy, binaries.slice(programs.length + 1));
}

async function canReach(path: string, owner: Owner): Promise<boolean> {
  try {
    await promisify(execFile)("/bin/sh", ["-c", '[ -x "$0" ]', path], { ...owner, cwd: "/" });
    return true;
  } catch {
    return false;
  }
}
