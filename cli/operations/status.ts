import { setTimeout as wait } from "node:timers/promises";
import type { Given } from "../shared/command";
import { paletteFor } from "../shared/palette";
import { UsageError } from "../shared/usage-error";
import { runInCluster } from "./executor";
import { INTERRUPTED_CODE, Interrupted, interruptible } from "./interrupt";
import { Stack } from "./stack";

type StatusCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--watch": string;
  "--every <seconds>": string;
  "--json": string;
}>;

const CLEAR = "\x1b[H\x1b[2J";

/** Runs `trellis status` and returns the exit code of the checks. */
export async function status({ flags }: StatusCommandLine): Promise<number> {
  if (flags.watch && flags.json) throw new UsageError("--watch and --json exclude each other");
  const seconds = secondsOf(flags.every);
  const stack = new Stack(flags);
  const { signal, release } = interruptible();
  const words = ["status", ...(flags.json ? ["--json"] : [])];
  try {
    for (;;) {
      const screen: string[] = [];
      const code = await runInCluster({ stack, words, signal, onLine: (line) => void screen.push(line) });
      if (flags.watch && process.stdout.isTTY) process.stdout.write(CLEAR);
      process.stdout.write(`${screen.map((line) => (flags.json ? line : coloured(line))).join("\n")}\n`);
      if (!flags.watch) return code;
      await wait(seconds * 1000, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return INTERRUPTED_CODE;
  } finally {
    release();
    stack.close();
  }
}

function secondsOf(given = "30"): number {
  if (/^[1-9]\d{0,3}$/.test(given)) return Number(given);
  throw new UsageError(`--every: given ${given}, allowed: seconds from 1 to 9999`);
}

/** Marks what is not well, on a terminal that shows colours. */
function coloured(line: string): string {
  const palette = paletteFor(process.stdout);
  return line
    .replace(/^(\s*)(FAIL|\?\?\?\?)/, (_, indent: string, mark: string) => indent + palette.error(mark))
    .replace(/^(\s*)(ok {2})/, (_, indent: string, mark: string) => indent + palette.accent(mark));
}
