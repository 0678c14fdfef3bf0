import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../../cli/command-line";
import { COMMANDS } from "../../../cli/commands";
import { agents } from "../../../jobs/agents";
import { backup } from "../../../jobs/backup";
import { datasurface } from "../../../jobs/datasurface";
import { operations } from "../../../jobs/operations";
import { postgres } from "../../../jobs/postgres";
import { rain } from "../../../jobs/rain";
import { storage } from "../../../jobs/storage";
import { type Block, pages } from "../../rigs/cli/docs";
import { repository } from "../../rigs/platform/stacks";

/** Where a command is typed that cannot be typed in a fresh clone; the word stands after the language. */
const PATHS: Readonly<Record<string, string>> = {
  cloud: "with a stack: an account, the Pulumi CLI",
  cluster: "with a kubeconfig of a stack, or in a pod of it",
  server: "as root on a server",
  database: "with databases, object storage or a provider at hand",
  bench: "where a benchmark's peer is installed; takes minutes",
};

/** What may be typed in a fresh clone, and what types it there on every change. */
const TYPED_BY: Readonly<Record<string, string>> = {
  "npm ci": ".ci/run",
  "npm test": ".ci/run",
  "npm run check": ".ci/run",
  "npm run doctor": "test/integration/cli/doctor/doctor.test.ts",
  "npm run verify": "test/integration/cli/verify/verify.test.ts",
  "npm run plan": "test/integration/cli/plan/plan.test.ts",
  "npm start": "test/services/cli/start/start.test.ts",
  "npm run clean": "test/integration/cli/command-line/command-line.test.ts",
  "npx trellis": "test/integration/cli/command-line/command-line.test.ts",
  "npx vitest": ".ci/run",
};

/** What the reader replaces, such as <node>. */
const PLACEHOLDER = /<[a-z][a-z ]*>/g;

const DOMAINS = new Map(
  [agents, backup, datasurface, operations, postgres, rain, storage].map((each) => [each.name, each]),
);
const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));

const blocks = pages().flatMap(({ path, blocks }) =>
  blocks.map((block) => [`${path}:${block.line}`, block] as const),
);
const shell = blocks.filter(([, { language }]) => language === "sh");

it("marks all code as such, and says its language", () => {
  expect(blocks.filter(([, { language }]) => language === "").map(([place]) => place)).toEqual([]);
  const indented = pages().flatMap(({ path, prose }) =>
    prose.split("\n").flatMap((line) => (/^ {4,}[^\s*-]/.test(line) ? [`${path}: ${line}`] : [])),
  );
  expect(indented).toEqual([]);
});

describe.each(shell)("the commands at %s", (_, block) => {
  it("say where they are typed", () => {
    expect(["", ...Object.keys(PATHS)]).toContain(block.place);
  });

  it("are shell", () => {
    const input = block.text.replaceAll(PLACEHOLDER, "placeholder");
    const { status, stderr } = spawnSync("bash", ["-n"], { input, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("exist", () => {
    expect(commandsOf(block).flatMap(problemsOf)).toEqual([]);
  });
});

describe.each(shell.filter(([, { place }]) => place === ""))("the commands at %s", (_, block) => {
  it.each(commandsOf(block).map((words) => [words.join(" ")]))(
    "have a test that types them: %s",
    (command) => {
      const known = Object.keys(TYPED_BY).find((each) => command.startsWith(each));
      expect(known, `known, or marked with one of ${Object.keys(PATHS)}`).toBeDefined();
      expect(existsSync(join(repository, TYPED_BY[known ?? ""] ?? "")), TYPED_BY[known ?? ""]).toBe(true);
    },
  );
});

/** The words of each command, without comments. */
function commandsOf({ text }: Block): string[][] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter(Boolean)
    .flatMap((line) => line.split(/ (?:&&|\|\|?) /))
    .map((command) => command.replace(/^(\w+=\S+ )+/, "").split(/\s+/));
}

/** What a command names that does not exist. */
function problemsOf(words: string[]): string[] {
  const [program, verb, ...rest] = words;
  if (program === "jobs" && verb) return problemsOfJob([verb, ...rest]);
  if (program === "npx" && verb === "trellis") return problemsOfTrellis(rest);
  if (program !== "npm" || verb !== "run") return [];
  const [script = "", , ...given] = rest[0]?.startsWith("-") ? rest.slice(1) : rest;
  if (!(script in scripts)) return [`npm run ${script}: there is no such script`];
  if (script === "jobs") return problemsOfJob(given);
  if (script === "trellis") return problemsOfTrellis(given);
  if (COMMANDS.some(({ name }) => name === script)) return problemsOfTrellis([script, ...given]);
  if (script === "bench" && given[0] && !existsSync(join(repository, "bench", `${given[0]}.ts`)))
    return [`npm run bench -- ${given[0]}: there is no such benchmark`];
  return [];
}

/** What the command line of `trellis` refuses. */
function problemsOfTrellis(words: string[]): string[] {
  try {
    readCommandLine(COMMANDS, "0", words);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function problemsOfJob([name = "", verbName = "", ...words]: string[]): string[] {
  if (name.startsWith("<") || name === "completion") return [];
  const domain = DOMAINS.get(name);
  if (!domain) return [`jobs ${name}: there is no such domain`];
  if (verbName === "" || verbName.startsWith("<") || verbName === "--help") return [];
  const verb = domain.verbs.find((each) => each.name === verbName);
  if (!verb) return [`jobs ${name} ${verbName}: there is no such verb`];
  const flags = verb.declares.map(({ syntax }) => syntax.replace(/ .*$/, ""));
  return words
    .filter((word) => word.startsWith("--") && word !== "--help")
    .filter((word) => !flags.includes(word.replace(/=.*$/, "")))
    .map((word) => `jobs ${name} ${verbName} ${word}: there is no such flag`);
}
