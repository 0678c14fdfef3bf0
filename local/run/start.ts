import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../error-message";
import { paletteFor } from "../plan/index";
import { reportPage } from "../report";
import { Board } from "./board";
import { readFigures } from "./figures";
import { parseStartFlags, START_USAGE, type StartFlags, StartUsageError } from "./flags";
import { runLanes } from "./lanes";
import { holdFolder } from "./lock";
import { LOCAL, OUT } from "./places";
import { Screen } from "./screen";
import { serveUntil } from "./serve";
import { openStack } from "./stack";

/** Runs `npm start` and returns its exit code: 1 for a step that went wrong, 2 for a wrong command line, 130 after Ctrl-C. */
export async function start(argv: readonly string[]): Promise<number> {
  try {
    const flags = parseStartFlags(argv);
    if (flags === "help") {
      process.stdout.write(START_USAGE);
      return 0;
    }
    const release = await holdFolder(LOCAL);
    try {
      return await run(flags);
    } finally {
      release();
    }
  } catch (error) {
    process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${messageOf(error)}\n`);
    return error instanceof StartUsageError ? 2 : 1;
  }
}

async function run(flags: StartFlags): Promise<number> {
  const board = new Board();
  const screen = new Screen(process.stdout, board);
  const stop = stopSignal(screen);
  screen.say("planning the dev stack and opening its servers");
  const stack = await openStack(flags, board);
  try {
    screen.opened();
    await runLanes(
      { stack, board, signal: stop, onMessage: (step, message) => screen.hear(step, message) },
      flags.only,
    );
    if (!stop.aborted) await readFigures(stack, board, flags.only);
    board.end(stop.aborted);
    writeReport(board);
    screen.ended(join("out", "dev", "report.html"));
    if (flags.serve && !stop.aborted) await serveUntil(stop, { stack, board, screen, only: flags.only });
  } finally {
    screen.close();
    await stack.close();
  }
  if (board.facts.state === "stopped") return 130;
  return board.facts.state === "right" ? 0 : 1;
}

/** For people, and the same for machines. */
function writeReport({ facts }: Board): void {
  writeFileSync(join(OUT, "dev", "report.html"), reportPage(facts, { live: false }));
  writeFileSync(join(OUT, "dev", "report.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
}

/** The first signal asks everything to come to a good end; a second one does not wait for it. */
function stopSignal(screen: Screen): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      screen.say("stopping: what is under way is rolled back or kept for the next run");
      controller.abort();
    });
  }
  return controller.signal;
}
