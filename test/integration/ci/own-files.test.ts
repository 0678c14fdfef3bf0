import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
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

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, { readonly if?: string }>>;
}

describeWith(["git", "actionlint"], "the workflows", () => {
  const paths = tracked(".github/workflows/*.yml");
  const texts = paths.map((path) => readFileSync(join(root, path), "utf8"));

  it("leave actionlint nothing to say", () => {
    expect(paths.length).toBeGreaterThan(0);
    expect(verdict("actionlint", paths)).toEqual({ status: 0, said: "" });
  });

  it("use every action by its commit", () => {
    for (const [, action] of texts.join("\n").matchAll(/uses: ([^.\s].*)/g)) {
      expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d/);
    }
  });

  it("never run a fork's code beside secrets", () => {
    const beside = texts.filter((text) => text.includes("secrets.")).map((text): Workflow => parse(text));
    for (const { on, jobs } of beside.filter((workflow) => "pull_request" in workflow.on)) {
      expect(Object.keys(on)).toEqual(["pull_request"]);
      for (const job of Object.values(jobs)) {
        expect(job.if).toBe("github.event.pull_request.head.repo.full_name == github.repository");
      }
    }
    expect(texts.join("\n")).not.toMatch(/pull_request_target|workflow_run/);
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
