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
import type { Owner, PostgresPrograms } from "./postgres-programs";

/** Where a server keeps its data, and where its programs are; its user can reach both. */
interface PostgresHome {
  readonly folder: string;
  readonly binaries: string;
}

/** Holds the path of a home that lies elsewhere. */
const POINTER = "postgres-is-in";

/**
 * The home is in `folder`, save where root works below a folder that is closed to PostgreSQL's user, such as /root: then
 * it is in /var/tmp, together with a copy of programs that are as closed, and `folder` says where.
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
  const elsewhere = knownElsewhere(folder) ?? newElsewhere(folder);
  return {
    folder: made(join(elsewhere, "data"), owner),
    binaries: open ? binaries : copied(dirname(binaries), join(elsewhere, release), binaries),
  };
}

/** Removes what `postgresHome` has made outside the folder. */
export function removePostgresElsewhere(folder: string): void {
  const elsewhere = knownElsewhere(folder);
  if (elsewhere) rmSync(elsewhere, { recursive: true, force: true });
}

function knownElsewhere(folder: string): string | undefined {
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

/** The programs with the libraries beside them; whole, or not there. */
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
