import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { repository } from "../../../rigs/platform/stacks";

interface Shown {
  readonly name: string;
  readonly text: string;
  readonly message: string;
  readonly milliseconds: number;
  readonly forTheUser: boolean;
}

/** What Pulumi's language host makes of our errors, in a process that can be ended. */
function askLanguageHost(): readonly Shown[] {
  const script = join(repository, "test/rigs/engine/error-messages.ts");
  const text = execFileSync(process.execPath, ["--import", "tsx", script], {
    cwd: repository,
    encoding: "utf8",
    timeout: 60_000,
  });
  return JSON.parse(text);
}

let shown: readonly Shown[];
beforeAll(() => {
  shown = askLanguageHost();
});

const classes = () =>
  readdirSync(join(repository, "components"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(repository, "components", file), "utf8"))
    .flatMap((source) =>
      [...source.matchAll(/class (\w+) extends \w*Error\b/g)].map(([, name = ""]) => name),
    );

it("shows each of the program's own errors within a second, by its message alone", () => {
  const own = shown.filter(({ forTheUser }) => forTheUser);
  expect(own.map(({ name }) => name).sort()).toEqual(classes().sort());
  for (const { text, message, milliseconds } of own) {
    expect(text).toBe(message);
    expect(milliseconds).toBeLessThan(1_000);
  }
});

it("shows an unexpected error within a second, with its cause and the program's own frames", () => {
  const unexpected = shown.find(({ name }) => name === "unexpected");

  expect(unexpected?.milliseconds).toBeLessThan(1_000);
  expect(unexpected?.text).toContain("TypeError: nothing is known of it");
  expect(unexpected?.text).toContain("the cause");
  expect(unexpected?.text).toContain("platform.ts:30");
  expect(unexpected?.text).not.toContain("node_modules");
});
