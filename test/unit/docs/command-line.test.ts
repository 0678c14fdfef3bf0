import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { COMMANDS } from "../../../cli/commands";
import { commandLinePage } from "../../../cli/docs";
import { repository } from "../../rigs/platform/stacks";

const page = readFileSync(join(repository, "docs/command-line.md"), "utf8");

it("docs/command-line.md says what the commands say: `npm run docs` would change nothing", () => {
  expect(commandLinePage(page, COMMANDS)).toBe(page);
});

it("has every command and every exit code of its own in the page", () => {
  for (const { name, exitCodes = {} } of COMMANDS) {
    expect(page).toContain(`| \`${name}\` |`);
    for (const code of Object.keys(exitCodes)) expect(page).toContain(`| ${code} | \`${name}\` |`);
  }
});

it("is refused a page without its marks", () => {
  expect(() => commandLinePage("# The command line", COMMANDS)).toThrow(/no marks/);
});
