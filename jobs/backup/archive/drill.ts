import { join } from "node:path";
import { type Context, JobError } from "../../shared";
import { start } from "../programs";
import { recover } from "./recover";
import { readRepository } from "./repository";
import { parseMoment } from "./target";
import { type Window, windows } from "./window";

interface DrillArgs {
  readonly stanza: string;
  readonly repository: number;
  readonly into: string;
  readonly binaries: string;
  readonly port: number;
}

/**
 * Recovers a moment that is chosen at random since the newest base backup, and reads every row of every database there.
 * Nothing of the running cluster or its archive changes.
 */
export async function drillArchive(
  args: DrillArgs,
  context: Pick<Context, "log" | "signal">,
): Promise<string> {
  const { stanza, repository, binaries, port } = args;
  const { backups, segments } = await readRepository({ stanza, ...context }, repository);
  const window = windows(backups, segments).at(-1);
  const newest = backups.at(-1);
  if (!window || !newest) throw new JobError(`repository ${repository} has no base backup with its log`);
  const moment = parseMoment(momentIn(window, newest.finishedAt, Math.random()));
  if (!moment) throw new Error("this moment was written here");
  const began = Date.now();
  const target = { kind: "time" as const, moment };
  const recovery = await recover(
    { ...args, target, force: true, backup: undefined, timeline: undefined },
    context,
  );
  try {
    const words = ["--host", recovery.server.sockets, "--port", String(port), "--username", "postgres"];
    // Without --no-sync it fails: /dev/null cannot be synchronised.
    const nowhere = ["--file", "/dev/null", "--no-sync"];
    await start(join(binaries, "pg_dumpall"), [...words, ...nowhere], { signal: context.signal }).ended;
  } finally {
    await recovery.server.stop();
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  return `recovered ${moment.text} from repository ${repository} and read every row in ${seconds} s`;
}

/** A moment of the window, written as a user would: `share` of the way from the newest backup to its end. */
export function momentIn({ from, to }: Pick<Window, "from" | "to">, backedUp: Date, share: number): string {
  const least = Math.max(from.getTime(), backedUp.getTime() + 1_000);
  const moment = least + Math.floor(Math.max(0, to.getTime() - least) * share);
  return new Date(moment).toISOString().replace("T", " ").replace("Z", "+00");
}
