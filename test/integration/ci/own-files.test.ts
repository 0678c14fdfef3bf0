import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeWith, program } from "../../rigs/programs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function tracked(...patterns: readonly string[]): string[] {
  return execFileSync("git", ["ls-files", ...patterns], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
}

/** What a reader of files has to say, with its exit code. */
function verdict(name: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program(name), args, { cwd: root, encoding: "utf8" });
  return { status, said: stdout + stderr };
}

// Those that reach a machine are judged by their rooms, as they are rendered.
describeWith(["git", "shellcheck"], "the scripts of CI", () => {
  it("leave shellcheck nothing to say", () => {
    expect(verdict("shellcheck", [".ci/run", ...tracked("test/toolchain/*.sh")])).toEqual({
      status: 0,
      said: "",
    });
  });
});

// Rules of our own about secrets, triggers and permissions: test/unit/ci/workflows.test.ts.
describeWith(["git", "actionlint", "zizmor"], "the workflows", () => {
  const paths = tracked(".github/workflows/*.yml");

  it("leave actionlint nothing to say", () => {
    expect(paths.length).toBeGreaterThan(0);
    expect(verdict("actionlint", paths)).toEqual({ status: 0, said: "" });
  });

  // What is accepted, and why, is in .github/zizmor.yml.
  it("leave zizmor nothing to say, in its strictest mode", () => {
    const flags = ["--quiet", "--offline", "--no-progress", "--persona", "auditor", "--format", "github"];
    expect(verdict("zizmor", [...flags, ".github"])).toEqual({ status: 0, said: "" });
  });
});

describeWith(["git"], "CODEOWNERS", () => {
  const rules = readFileSync(join(root, ".github/CODEOWNERS"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/ +/));
  // GitHub reads patterns as git reads those of .gitignore.
  const matched = (pattern: string) => tracked("--cached", "--ignored", "--exclude", pattern);

  it("gives the whole tree owners first: the last rule that matches a file decides", () => {
    expect(rules[0]?.[0]).toBe("*");
  });

  it.each(rules)("has files for %s, and an owner", (pattern, ...owners) => {
    expect(matched(pattern ?? "")).not.toEqual([]);
    expect(owners).not.toEqual([]);
    for (const owner of owners) expect(owner).toMatch(/^@[\w-]+(\/[\w-]+)?$/);
  });

  it("names what a deployment trusts by itself, and not by the rule for the whole tree alone", () => {
    const named = new Set(rules.slice(1).flatMap(([pattern]) => matched(pattern ?? "")));
    const trusted = tracked(
      ".github/workflows",
      "**/versions.ts",
      "package-lock.json",
      "**/Dockerfile",
      "**/pki/**",
    );
    expect(trusted.length).toBeGreaterThan(5);
    expect(trusted.filter((path) => !named.has(path))).toEqual([]);
  });
});
