import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { onFiles } from "../shared/file-error";
import { Board } from "./board";
import type { StartFlags } from "./flags";
import { OUT } from "./folders";
import { checkBackupsOnly, readFigures, runInOrder } from "./jobs";
import { type RunFacts, reportPage } from "./report";
import { Screen } from "./screen";
import { serveUntil } from "./serve";
import { type LocalStack, openStack } from "./stack";

const A_MOMENT_MS = 200;
const STOPPED = "stopped: no process of this run remains, and .local/ keeps its data for the next run\n";

/** Under npm, one Ctrl-C sends two signals: one from the terminal and one that npm forwards. */
const SIGNALS_OF_A_PRESS = process.env.npm_lifecycle_event === undefined ? 1 : 2;

const EXIT_CODES: Readonly<Record<RunFacts["state"], number>> = {
  right: 0,
  wrong: 1,
  running: 1,
  unsaved: 3,
  stopped: 130,
};

/** Opens the stack, runs it, writes the report and closes the stack. Returns the exit code. */
export async function runStack(flags: StartFlags): Promise<number> {
  const board = new Board();
  const screen = new Screen(process.stdout, board, flags.prints);
  const stop = stopSignal(screen);
  screen.say("planning the dev stack and starting its servers");
  const stack = await openStack(flags, board).catch(async (error: unknown) => {
    // Ctrl-C ends the processes that help to plan, too; that they are gone may be heard of before the signal itself.
    if (!stop.aborted) await pause(A_MOMENT_MS);
    if (!stop.aborted) throw error;
  });
  try {
    if (stack) await runOn(stack, { flags, board, screen, stop });
    else endAll(board, stop);
  } finally {
    await stack?.close();
    screen.close();
  }
  if (stop.aborted && flags.prints !== "json") process.stdout.write(STOPPED);
  return EXIT_CODES[board.facts.state];
}

interface Running {
  readonly flags: StartFlags;
  readonly board: Board;
  readonly screen: Screen;
  readonly stop: AbortSignal;
}

async function runOn(stack: LocalStack, { flags, board, screen, stop }: Running): Promise<void> {
  screen.opened();
  await runInOrder(
    { stack, board, signal: stop, onMessage: (step, message) => screen.hear(step, message) },
    flags,
  );
  if (!stop.aborted) await readFigures(stack, board, flags.only);
  if (!stop.aborted && flags.only === "backup") checkBackupsOnly(board);
  endAll(board, stop);
  screen.ended(join("out", "dev", "report.html"));
  if (flags.serve && !stop.aborted) {
    await serveUntil(stop, { stack, board, screen, only: flags.only });
    writeReport(board);
  }
}

function endAll(board: Board, stop: AbortSignal): void {
  board.end(stop.aborted);
  writeReport(board);
}

/** Writes the report as HTML for people and as JSON for programs. */
function writeReport({ facts }: Board): void {
  const folder = join(OUT, "dev");
  onFiles(folder, () => {
    writeFileSync(join(folder, "report.html"), reportPage(facts, { live: false }));
    writeFileSync(join(folder, "report.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
  });
}

/** The first Ctrl-C stops all steps cleanly; a second one exits at once. */
function stopSignal(screen: Screen): AbortSignal {
  const controller = new AbortController();
  let signals = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > SIGNALS_OF_A_PRESS) process.exit(130);
      if (signals > 1) return;
      screen.say("stopping: running steps roll back, or keep their state for the next run");
      controller.abort();
    });
  }
  return controller.signal;
}
