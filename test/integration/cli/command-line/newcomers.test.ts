import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../rigs/cli/plan-command";
import { smallCheckout } from "../../../rigs/cli/small-checkout";
import { TRELLIS, trellis } from "../../../rigs/cli/trellis";
import { repository } from "../../../rigs/platform/stacks";
import { describeWith, program } from "../../../rigs/programs";

const ESCAPE = "\u001b[";

describe("a path with spaces, quotes and other letters", () => {
  it("is one in which a stack is planned", { timeout: 120_000 }, async () => {
    const folder = join(temporaryFolder(), "Ana's plans & “données” 100 %");
    mkdirSync(folder);
    smallCheckout(folder);
    for (const each of ["index.ts", "Pulumi.yaml", "Pulumi.dev.yaml", "tsconfig.json"])
      cpSync(join(repository, each), join(folder, each));
    symlinkSync(join(repository, "examples"), join(folder, "examples"));
    const own = { cwd: folder, program: join(folder, "cli/trellis.mjs") };
    const { code, stderr, stdout } = await trellis(["plan", "dev", "--out", "the plan"], own);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/files in the plan/);
  });
});

describeWith(["script", "stty"], "a terminal", () => {
  function onTerminal(command: string, environment: Readonly<Record<string, string>> = {}) {
    const words = ["--quiet", "--return", "--command", command, "/dev/null"];
    const { NO_COLOR: _, ...rest } = process.env;
    return spawnSync(program("script"), words, {
      encoding: "utf8",
      env: { ...rest, TERM: "xterm", SHELL: "/bin/sh", ...environment },
    });
  }
  const refused = `'${process.execPath}' '${TRELLIS}' plan --no-such-flag`;

  it("shows colours, and none with NO_COLOR or where it cannot", () => {
    expect(onTerminal(refused).stdout).toContain(ESCAPE);
    expect(onTerminal(refused, { NO_COLOR: "1" }).stdout).not.toContain(ESCAPE);
    expect(onTerminal(refused, { TERM: "dumb" }).stdout).not.toContain(ESCAPE);
  });

  it("may be narrow: help is broken at its width", () => {
    const { stdout } = onTerminal(`stty cols 60; '${process.execPath}' '${TRELLIS}' plan --help`, {
      NO_COLOR: "1",
    });
    const flags = stdout.slice(stdout.indexOf("Options:"), stdout.indexOf("Examples:")).split("\r\n");
    expect(flags.length).toBeGreaterThan(9);
    expect(flags.filter((line) => line.length > 60)).toEqual([]);
  });
});

describe("another user's checkout", () => {
  it.skipIf(process.getuid?.() !== 0)("can be read: help needs no folder of its own", async () => {
    const home = temporaryFolder();
    writeFileSync(join(home, "note"), "");
    const within = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const help = await trellis(["plan", "--help"], { within, environment: { HOME: home } });
    expect(help, help.stderr).toMatchObject({ code: 0, stderr: "" });
  });
});
