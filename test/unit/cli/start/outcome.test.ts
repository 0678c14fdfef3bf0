import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Board } from "../../../../cli/start/board";
import { checkBackupsOnly } from "../../../../cli/start/jobs";
import { reportPage, type StepFacts } from "../../../../cli/start/report";
import { Screen } from "../../../../cli/start/screen";

const step = (words: string, state: StepFacts["state"]): StepFacts => ({
  kind: "CronJob",
  name: `postgres/${words.replace(" ", "-")}`,
  system: "backup",
  words: words.split(" "),
  state,
  ...(state === "skipped" && { note: "needs pg_dump on the PATH" }),
});
const MIGRATED = step("postgres migrate", "right");
const PRUNED = step("backup prune", "right");

/** A run of these steps, and what it printed at its end. */
function ended(steps: readonly StepFacts[], prints: "all" | "little" | "json" = "all", backupsOnly = false) {
  const stream = new PassThrough();
  const board = new Board();
  // Safe: a screen that is no terminal only writes.
  const screen = new Screen(stream as unknown as NodeJS.WriteStream, board, prints);
  for (const each of steps) board.add(each);
  if (backupsOnly) checkBackupsOnly(board);
  board.end(false);
  screen.ended("out/dev/report.html");
  return { facts: board.facts, printed: String(stream.read()) };
}

describe("the end of a local run", () => {
  it.each([
    ["right", [MIGRATED, step("backup create", "right"), PRUNED], "✓ all passed"],
    ["right", [MIGRATED], "✓ all passed"],
    ["unsaved", [MIGRATED, step("backup create", "skipped"), PRUNED], "◐ well, but no backup"],
    ["wrong", [step("postgres migrate", "failed"), step("backup create", "skipped")], "✗ failed"],
  ])("is %s", (state, steps, words) => {
    const { facts, printed } = ended(steps);
    expect(facts.state).toBe(state);
    expect(printed).toContain(`${words}: `);
    expect(reportPage(facts, { live: false })).toContain(words.slice(2));
  });

  it("is wrong if backups alone were asked for and none was made", () => {
    const { facts, printed } = ended([step("backup create", "skipped"), PRUNED], "all", true);
    expect(facts.state).toBe("wrong");
    expect(printed).toContain("✗ backup: a backup was made  needs pg_dump on the PATH");
    expect(ended([step("backup create", "right")], "all", true).facts.state).toBe("right");
  });

  it("is one line when quiet, and an object for programs", () => {
    const steps = [MIGRATED, step("backup create", "skipped")];
    expect(ended(steps, "little").printed).toMatch(/^◐ well, but no backup: 1 steps ran, .*\n$/);
    expect(JSON.parse(ended(steps, "json").printed)).toMatchObject({
      state: "unsaved",
      ran: 1,
      skipped: 1,
      failed: [],
      report: "out/dev/report.html",
    });
  });
});

describe("the screen of a local run", () => {
  it("cuts what it redraws to the width of a narrow terminal", () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 32 });
    const board = new Board();
    // Safe: a screen only writes, and asks for these two properties.
    const screen = new Screen(stream as unknown as NodeJS.WriteStream, board);
    const running = { ...step("datasurface ingest --platform YellowLive", "running"), round: 3 };
    screen.hear(running, "a message that is much longer than the terminal is wide");
    board.add(running);
    vi.advanceTimersByTime(1_000);
    screen.close();
    // Each redrawn line begins with a coloured sign.
    const [, ...drawn] = String(stream.read())
      .split(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/u)
      .map((each) => each.replace("\u001b[0m", ""));
    expect(drawn.length).toBeGreaterThan(3);
    for (const line of drawn) expect(line.split("\n")[0]?.length).toBeLessThanOrEqual(31);
  });
});
