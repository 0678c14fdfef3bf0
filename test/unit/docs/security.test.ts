import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../../rigs/platform/stacks";

const page = readFileSync(join(repository, "docs/security.md"), "utf8");
const [, section = ""] = /^## Ten attack stories$([\s\S]+?)^## /m.exec(page) ?? [];
const stories = section
  .split(/^### /m)
  .slice(1)
  .map((text) => ({
    title: text.split("\n", 1)[0] ?? "",
    tests: [...text.matchAll(/^- `(test\/\S+\.test\.ts)` "(.+)"$/gm)].map(([, file = "", name = ""]) => ({
      file,
      name,
    })),
  }));

describe("the attack stories", () => {
  it("are ten, and each names the tests that say how far it gets", () => {
    expect(stories).toHaveLength(10);
    for (const { title, tests } of stories) expect(tests.length, title).toBeGreaterThan(1);
  });

  it.each(stories.flatMap(({ tests }) => tests))("name a test that exists: $file $name", ({ file, name }) => {
    expect(existsSync(join(repository, file))).toBe(true);
    const titles = [
      ...readFileSync(join(repository, file), "utf8").matchAll(
        /\b(?:it|describe|describeWith)(?:\.each\((?:.|\n)*?\))?\(\s*(?:\[[^\]]*\], )?"((?:[^"\\]|\\.)+)"/g,
      ),
    ].map(([, title = ""]) => title);
    expect(titles.filter((title) => title.includes(name))).not.toEqual([]);
  });
});
