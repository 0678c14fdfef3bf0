import { type Palette, paletteFor } from "../shared/palette";
import type { Board } from "./board";
import type { StartFlags } from "./flags";
import type { RunFacts, StepFacts } from "./report";

const TICK_MS = 120;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/**
 * Shows a run on a terminal: one line for each finished step. If the terminal can redraw lines, running steps are
 * below.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #board: Board;
  readonly #prints: StartFlags["prints"];
  readonly #palette: Palette;
  readonly #heard = new Map<string, string>();
  readonly #timer: NodeJS.Timeout | undefined;
  #note = "";
  #drawn = 0;
  #tick = 0;

  constructor(stream: NodeJS.WriteStream, board: Board, prints: StartFlags["prints"] = "all") {
    this.#stream = stream;
    this.#board = board;
    this.#prints = prints;
    this.#palette = paletteFor(stream);
    board.onStep = (step) => this.#step(step);
    if (stream.isTTY && prints === "all") this.#timer = setInterval(() => this.#draw(), TICK_MS).unref();
  }

  /** Shows a note between the steps. */
  say(note: string): void {
    this.#note = note;
    if (!this.#timer) this.#print(this.#palette.dim(note));
  }

  /** Prints how a part of the stack is reached. */
  tell(address: string, remark: string): void {
    this.#print(`${address}  ${this.#palette.dim(remark)}`);
  }

  opened(): void {
    this.#note = "";
    const { resources, services } = this.#board.facts;
    const { bold, dim, accent } = this.#palette;
    this.#print(`${bold("trellis · dev")}  ${dim(`${resources.total} resources, planned in out/dev`)}`);
    for (const { name, standsFor, address } of services) {
      this.#print(`  ${name} ${dim("for")} ${standsFor}  ${accent(address)}`);
    }
    this.#print("");
  }

  hear(step: StepFacts, message: string): void {
    this.#heard.set(step.name, message);
  }

  ended(report: string): void {
    const { facts } = this.#board;
    if (this.#prints === "json") {
      this.#stream.write(`${JSON.stringify(resultOf(facts, report), undefined, 2)}\n`);
      return;
    }
    for (const line of resultLines(facts, this.#palette)) this.#print(line);
    this.#important(lastLine(facts, this.#palette));
    this.#print(`report   ${this.#palette.accent(report)}`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #step(step: StepFacts): void {
    if (step.state === "running") return;
    if (step.state !== "failed") {
      this.#print(stepLine(step, this.#palette));
      return;
    }
    this.#important(stepLine(step, this.#palette));
    for (const line of (step.error ?? "").split("\n")) this.#important(`      ${this.#palette.error(line)}`);
    for (const line of step.tail ?? []) this.#important(`      ${this.#palette.dim(line)}`);
  }

  #print(line: string): void {
    if (this.#prints === "all") this.#important(line);
  }

  /** Prints a line also when little is printed. */
  #important(line: string): void {
    if (this.#prints === "json") return;
    this.#erase();
    this.#stream.write(`${line}\n`);
  }

  #draw(): void {
    this.#erase();
    const sign = this.#palette.accent(SPINNER[this.#tick++ % SPINNER.length] ?? "");
    const running = this.#board.facts.steps.filter(({ state }) => state === "running");
    const width = (this.#stream.columns || 80) - 1;
    const cut = (text: string) => text.slice(0, width - 2);
    const lines = running.map((step) =>
      cut(`${step.words.slice(0, 2).join(" ")} ${label(step)}  ${this.#heard.get(step.name) ?? ""}`),
    );
    if (this.#note) lines.push(cut(this.#note));
    for (const line of lines) this.#stream.write(`${sign} ${line}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}

const label = ({ name, round }: StepFacts) =>
  name.replace(/^[^/]*\//, "") + (round === undefined ? "" : ` #${round}`);

function stepLine(step: StepFacts, { dim, error, warning, accent }: Palette): string {
  const signs = {
    running: "…",
    right: accent("✓"),
    failed: error("✗"),
    skipped: warning("–"),
    stopped: warning("■"),
  };
  const verb = step.words.slice(0, 2).join(" ");
  const seconds = step.seconds === undefined ? "" : `${step.seconds.toFixed(1).padStart(6)} s`;
  const note = step.state === "skipped" ? `  ${step.note}` : "";
  const exit = step.state === "failed" ? `  exit code ${step.exitCode ?? "none"}` : "";
  return `${signs[step.state]} ${verb.padEnd(27)} ${dim(`${step.kind} ${label(step)}`.padEnd(46))}${seconds}${dim(note)}${error(exit)}`;
}

/** The end of a run, for programs. */
function resultOf(facts: RunFacts, report: string) {
  const { state, seconds, steps, checks } = facts;
  const failed = steps.filter((step) => step.state === "failed");
  return {
    state,
    seconds,
    ran: countOf(steps, "right") + failed.length,
    skipped: countOf(steps, "skipped"),
    failed: failed.map(({ name, error }) => ({ name, error })),
    checks,
    report,
  };
}

const countOf = (steps: readonly StepFacts[], state: StepFacts["state"]) =>
  steps.filter((step) => step.state === state).length;

/** What the systems have now, and whether it is what it should be. */
function resultLines(facts: RunFacts, { dim, error, accent }: Palette): string[] {
  const lines = [""];
  for (const { platform, batches, tables } of facts.streams) {
    const [inserted, updated, deleted] = (["inserted", "updated", "deleted"] as const).map((kind) =>
      batches.reduce((sum, batch) => sum + batch[kind], 0),
    );
    const rows = tables.map(({ dataset, merged }) => `${merged} ${dataset}`).join(", ");
    lines.push(
      `${platform.padEnd(16)} ${batches.length} batches, ${inserted} inserted, ${updated} updated, ${deleted} deleted; ${rows}`,
    );
  }
  if (facts.rain) {
    const { gauges, readings, rainDays, missing } = facts.rain;
    lines.push(
      `${"rain".padEnd(16)} ${readings} readings of ${gauges} gauges, ${rainDays} with rain, ${missing} missing`,
    );
  }
  if (facts.backups) {
    const { backups, bytes } = facts.backups;
    lines.push(
      `${"backups".padEnd(16)} ${backups.length} in the bucket, ${(bytes / 2 ** 20).toFixed(1)} MiB`,
    );
  }
  for (const { what, holds, found } of facts.checks) {
    lines.push(`${holds ? accent("✓") : error("✗")} ${what}  ${dim(found)}`);
  }
  return [...lines, ""];
}

const WORDS = {
  right: "all passed",
  unsaved: "well, but no backup",
  wrong: "failed",
  stopped: "stopped",
  running: "running",
} as const;

function lastLine({ state, steps, seconds }: RunFacts, { bold, accent, warning, error }: Palette): string {
  const signs = {
    right: accent("✓"),
    unsaved: warning("◐"),
    wrong: error("✗"),
    stopped: warning("■"),
    running: "…",
  };
  const failed = countOf(steps, "failed");
  const ran = countOf(steps, "right") + failed;
  return `${signs[state]} ${bold(WORDS[state])}: ${ran} steps ran, ${failed} failed, ${countOf(steps, "skipped")} skipped, in ${seconds.toFixed(1)} s`;
}
