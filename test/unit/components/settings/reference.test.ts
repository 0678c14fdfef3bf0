import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { modelFileSchema, settingsPage, stackFileSchema } from "../../../../cli/docs/settings-page";
import { repository, STACKS } from "../../../rigs/platform/stacks";

const read = (path: string) => readFileSync(`${repository}/${path}`, "utf8");

it("docs/settings.md says what the schema says: `npm run docs` would change nothing", () => {
  const page = read("docs/settings.md");
  expect(settingsPage(page)).toBe(page);
});

it("docs/settings.schema.json is of this schema: `npm run docs` would change nothing", () => {
  expect(read("docs/settings.schema.json")).toBe(stackFileSchema());
});

it("docs/model.schema.json is that of a model: `npm run docs` would change nothing", () => {
  expect(read("docs/model.schema.json")).toBe(modelFileSchema());
});

it.each(STACKS)("the file of %s names that schema for editors", (stack) => {
  expect(read(`Pulumi.${stack}.yaml`)).toMatch(
    /^# yaml-language-server: \$schema=docs\/settings\.schema\.json\n/,
  );
});

it("refuses a page that has no place for a table, or one for a table that is not", () => {
  expect(() => settingsPage("# Settings")).toThrow(/no place for: general/);
  expect(() => settingsPage("<!-- table: moon -->\n<!-- end -->")).toThrow(/there is no table moon/);
});
