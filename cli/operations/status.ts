import { setTimeout as wait } from "node:timers/promises";
import { readCommandLine, runCommand, UsageError } from "../shared/command-line";
import { paletteFor } from "../shared/palette";
import { runInCluster } from "./executor";
import { INTERRUPTED_CODE, Interrupted, interruptible } from "./interrupt";
import { Stack } from "./stack";

const STATUS = {
  command: "npm run status --",
  forms: ["--stack <stack> [flags]"],
  summary: "Shows the state of the whole platform on one screen, and what to do about what is not well.",
  flags: {
    "--stack <name>": "the stack whose platform is shown; its kubeconfig is one of the stack's outputs",
    "--kubeconfig <path>": "a kubeconfig instead of the stack's",
    "--watch": "redraw until Ctrl-C",
    "--every <seconds>": "seconds between two looks with --watch; 30 if not given",
    "--json": "print JSON",
  },
  details:
    "Exit code: 0 well, 1 warnings, 2 failures or a wrong command line, 3 not all could be checked, 130 interrupted.",
} as const;

const CLEAR = "\x1b[H\x1b[2J";

export const statusCommand = {
  name: "status",
  summary: STATUS.summary,
  flags: STATUS.flags,
  run: (argv: readonly string[]): Promise<number> =>
    runCommand(STATUS, async () => {
      const { flags } = readCommandLine(STATUS, argv);
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
    }),
};

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
