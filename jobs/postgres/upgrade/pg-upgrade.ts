import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError, type Logger } from "../../shared";
import type { Transfer } from "../actions";
import type { Control } from "./data-folders";
import { ProgramFailed, type Release, runProgram } from "./programs";

export interface PgUpgradeArgs {
  readonly old: { readonly release: Release; readonly data: string };
  readonly new: { readonly release: Release; readonly data: string };
  /**
   * Parameters of both servers: `shared_preload_libraries`, which some extensions need, and those of `LIMITS`, which
   * Patroni reads back from the new data and would restart members for.
   */
  readonly parameters: Readonly<Record<string, string>>;
  readonly transfer: Transfer;
  /** A folder for pg_upgrade's own files; emptied first. */
  readonly work: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What the control file remembers of a server's limits, by the names of the parameters. */
const LIMITS = [
  "max_connections",
  "max_locks_per_transaction",
  "max_prepared_transactions",
  "max_wal_senders",
  "max_worker_processes",
] as const;

/** What a stopped cluster is configured with, as far as an upgrade needs it. */
export async function parametersOf(
  release: Release,
  data: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const parameters: Record<string, string> = {};
  for (const name of ["shared_preload_libraries", ...LIMITS]) {
    const value = await runProgram(release, "postgres", ["-C", name, "-D", data], { cwd: data, signal });
    parameters[name] = value.trim();
  }
  return parameters;
}

/** The superuser of every cluster of ours. */
const SUPERUSER = "postgres";

/** Makes the empty cluster that pg_upgrade fills. Nobody may log in to it: Patroni writes its own pg_hba.conf. */
export async function initialize(
  release: Release,
  data: string,
  { checksums, segmentMib }: Pick<Control, "checksums" | "segmentMib">,
  signal: AbortSignal,
): Promise<void> {
  await rm(data, { recursive: true, force: true });
  const withoutChecksums = release.major >= 18 ? ["--no-data-checksums"] : [];
  const words = [
    ...["--pgdata", data, "--username", SUPERUSER, "--auth", "reject"],
    ...["--encoding", "UTF8", "--locale", "C.UTF-8", `--wal-segsize=${segmentMib}`],
    ...(checksums ? ["--data-checksums"] : withoutChecksums),
  ];
  await runProgram(release, "initdb", words, { cwd: "/", signal });
}

/** Runs pg_upgrade; with `check` it changes nothing, and names everything that would stop it. */
export async function pgUpgrade(args: PgUpgradeArgs, { check }: { readonly check: boolean }): Promise<void> {
  const { old, new: next, work, signal, log } = args;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { mode: 0o700 });
  // Only the owner may open the sockets, which pg_upgrade makes in its folder.
  const access = join(work, "access.conf");
  await writeFile(access, "local all all trust\n");
  const configuration = join(work, "server.conf");
  await writeFile(
    configuration,
    [...Object.entries(args.parameters), ["hba_file", access]]
      .map(([name, value]) => `${name} = '${value}'\n`)
      .join(""),
  );
  const server = `-c config_file=${configuration}`;
  const words = [
    ...["--old-bindir", old.release.programs, "--new-bindir", next.release.programs],
    ...["--old-datadir", old.data, "--new-datadir", next.data],
    ...["--old-options", server, "--new-options", server],
    ...["--username", SUPERUSER, "--socketdir", work],
    ...(check ? ["--check"] : ["--jobs", "2"]),
    // Of copying there has been no flag until 17: it is the default.
    ...(args.transfer === "copy" ? [] : [`--${args.transfer}`]),
  ];
  try {
    const said = await runProgram(next.release, "pg_upgrade", words, { cwd: work, signal });
    log.info(
      { check },
      said
        .trim()
        .split("\n")
        .at(check ? -1 : 0) ?? "",
    );
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    throw new JobError(await explained(error.output, next.data), 1, { cause: error });
  }
}

/** pg_upgrade names files in which the objects are listed; a pod is gone before anybody reads them. */
async function explained(output: string, data: string): Promise<string> {
  const folder = join(data, "pg_upgrade_output.d");
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const lists = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".txt"));
  const found = await Promise.all(
    lists.map(
      async ({ parentPath, name }) => `${name}: ${(await readFile(join(parentPath, name), "utf8")).trim()}`,
    ),
  );
  const fatal = output.split("\n").filter((line) => !/ ok$|^-+$|^\s*$/.test(line));
  return [`pg_upgrade refuses: ${fatal.slice(-15).join("\n")}`, ...found].join("\n");
}
