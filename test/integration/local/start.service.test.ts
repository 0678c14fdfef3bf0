import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunFacts } from "../../../local/report";
import { repository } from "../../support/stacks";

/** What a fresh clone has, and the program needs. */
const TRACKED = [
  ...["components", "jobs", "local", "examples", "index.ts", "platform.ts", "systems.ts"],
  ...["package.json", "package-lock.json", "tsconfig.json", "Pulumi.yaml", "Pulumi.dev.yaml"],
];

const MINUTES = 60_000;

describe("npm start", { timeout: 15 * MINUTES }, () => {
  const clone = mkdtempSync(join(tmpdir(), "trellis-start-"));
  beforeAll(() => {
    for (const each of TRACKED) cpSync(join(repository, each), join(clone, each), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  });
  afterAll(async () => {
    await run([], "local/clean.ts").ended;
    rmSync(clone, { recursive: true, force: true });
  });

  function run(flags: readonly string[], script = "local/start.ts") {
    const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", script, ...flags], {
      cwd: clone,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
      });
    }
    const ended = new Promise<{ code: number | null; printed: string }>((done) =>
      child.once("close", (code) => done({ code, printed })),
    );
    return { ended };
  }

  const report = (): RunFacts => JSON.parse(readFileSync(join(clone, "out/dev/report.json"), "utf8"));

  const lastBatch = (facts: RunFacts) =>
    Math.max(...facts.streams.flatMap(({ batches }) => batches.map(({ batch }) => batch)));

  it("runs the planned stack, and its figures are those of the databases", async () => {
    const { code, printed } = await run([]).ended;
    expect(code, printed).toBe(0);

    const facts = report();
    expect(facts.state).toBe("right");
    expect(facts.steps.filter(({ state }) => state === "failed")).toEqual([]);
    expect(new Set(facts.streams.map(({ platform }) => platform))).toEqual(
      new Set(["YellowLive", "YellowForensic"]),
    );
    for (const { tables, batches } of facts.streams) {
      expect(batches.length).toBeGreaterThan(1);
      for (const { source, open } of tables) expect(open).toBe(source);
    }
    expect(facts.rain?.readings).toBeGreaterThan(1_000);
    expect(facts.checks.length).toBeGreaterThan(2);
    expect(facts.checks.filter(({ holds }) => !holds)).toEqual([]);

    const page = readFileSync(join(clone, "out/dev/report.html"), "utf8");
    const figure = (name: string) => new RegExp(`data-figure="${name}">([^<]*)<`).exec(page)?.[1];
    expect(figure("state")).toBe("all is well");
    expect(figure("resources")).toBe(String(facts.resources.total));
    expect(figure("failed")).toBe("0");
    expect(page).not.toMatch(/(src|href)="https?:/); // self-contained
  });

  it("goes on with the data of the run before", async () => {
    const before = lastBatch(report());
    const { code, printed } = await run(["--only", "datasurface"]).ended;

    expect(code, printed).toBe(0);
    expect(lastBatch(report())).toBeGreaterThan(before);
  });

  it("says what is wrong with a command line", async () => {
    const { code, printed } = await run(["--only", "moon"]).ended;
    expect(code).toBe(2);
    expect(printed).toContain('--only: given "moon", allowed: datasurface, rain, backup');
  });
});
