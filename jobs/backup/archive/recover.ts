import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Context, JobError } from "../../shared";
import { secondsSince } from "../elapsed";
import { type PgBackRestArgs, pgbackrest } from "./pgbackrest";
import { readRepository } from "./repository";
import { type Recovered, requireNoServer, ScratchServer } from "./scratch-server";
import { describeTarget, requireReachable, type Target } from "./target";
import { parsePlace, placeAt, type Window, windows } from "./window";

interface RecoverArgs {
  readonly stanza: string;
  readonly repository: number;
  readonly target: Target;
  /** The folder that becomes the server's data directory. */
  readonly into: string;
  /** Whether the present contents of that folder may be deleted. */
  readonly force: boolean;
  /** The backup to start from. Undefined: the newest one before the target. */
  readonly backup: string | undefined;
  /** The timeline to follow. Undefined: the newest. */
  readonly timeline: number | undefined;
  readonly binaries: string;
  readonly port: number;
}

interface Recovery {
  readonly server: ScratchServer;
  readonly timeline: number;
  readonly lastCommit: string | undefined;
  /** False where the archive ended without a transaction after the target. */
  readonly passedTarget: boolean;
  readonly restoreSeconds: number;
  readonly replaySeconds: number;
}

/** Restores into a folder, replays WAL to the target and promotes; the server is running when this returns. */
export async function recover(
  args: RecoverArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<Recovery> {
  const tools: PgBackRestArgs = { stanza: args.stanza, log, signal };
  const { target } = args;
  const data = requireFolder(args);
  const { backups, segments } = await readRepository(tools, args.repository);
  const found = windows(backups, segments);
  requireReachable(target, found, new Date());

  const began = Date.now();
  await pgbackrest(tools, "restore", restoreOptions(args, data));
  const restoreSeconds = secondsSince(began);
  log.info({ data, seconds: restoreSeconds }, `restored in ${restoreSeconds} s; replaying the log`);

  const replaying = Date.now();
  const binaries = programsOfData(data, args.binaries);
  const server = new ScratchServer({ data, binaries, port: args.port, log, signal });
  try {
    let recovered: Recovered = await server.recover();
    const passedTarget = recovered.reached;
    if (!recovered.reached) {
      await server.stop();
      // No transaction was committed after the target time, but the WAL covers it. Replaying all of it gives the
      // requested state.
      if (target.kind !== "time")
        throw new JobError(`the archive does not come to ${describeTarget(target)}`);
      recovered = await server.recover({ toTheEnd: true });
    }
    if (!recovered.reached) throw new JobError(`the archive does not come to ${describeTarget(target)}`);
    if (!passedTarget || target.kind === "latest") requireWholeLog(recovered.end, found);
    return {
      ...recovered,
      server,
      passedTarget,
      restoreSeconds,
      replaySeconds: secondsSince(replaying),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A backup from before an upgrade needs the programs of its own release, which lie beside the given ones: <major>/bin. */
function programsOfData(data: string, given: string): string {
  const major = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  const own = join(dirname(dirname(given)), major, "bin");
  return existsSync(join(own, "postgres")) ? own : given;
}

/** PostgreSQL takes a store that stopped answering for the end of the WAL. */
function requireWholeLog(end: string, found: readonly Window[]): void {
  const last = found.at(-1);
  const reached = parsePlace(end);
  if (last && reached !== undefined && reached >= placeAt(last.end)) return;
  throw new JobError(`the log could be read to ${end} only, and the archive holds more; try again`);
}

function requireFolder({ into, force }: Pick<RecoverArgs, "into" | "force">): string {
  mkdirSync(into, { recursive: true, mode: 0o700 });
  const data = realpathSync(into);
  requireNoServer(data);
  if (!force && readdirSync(data).length > 0) {
    throw new JobError(`${data} is not empty; choose another folder, or let it go with --force`);
  }
  return data;
}

function restoreOptions({ target, ...args }: RecoverArgs, data: string): string[] {
  return [
    `--pg1-path=${data}`,
    `--repo=${args.repository}`,
    "--archive-mode=off", // the archive belongs to the running cluster
    ...(args.force ? ["--delta"] : []),
    ...(args.backup === undefined ? [] : [`--set=${args.backup}`]),
    ...(args.timeline === undefined ? [] : [`--target-timeline=${args.timeline}`]),
    ...targetOptions(target),
  ];
}

function targetOptions(target: Target): string[] {
  switch (target.kind) {
    case "time":
      return ["--type=time", `--target=${target.moment.text}`, "--target-action=promote"];
    case "lsn":
      return ["--type=lsn", `--target=${target.place}`, "--target-action=promote"];
    case "name":
      return ["--type=name", `--target=${target.name}`, "--target-action=promote"];
    case "immediate":
      return ["--type=immediate", "--target-action=promote"];
    case "latest":
      return [];
  }
}
