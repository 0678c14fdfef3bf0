import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Page, pages } from "../../rigs/cli/docs";
import { repository } from "../../rigs/platform/stacks";

const FOLDER = "docs/decisions";
const INDEX = `${FOLDER}/README.md`;
const SECTIONS = ["Context", "Choice", "What it costs", "What would change our mind"];
const MOST_LINES = 60;

const decisions = readdirSync(join(repository, FOLDER))
  .filter((file) => file.endsWith(".md") && file !== "README.md")
  .sort();
const byPath = new Map(pages().map((page) => [page.path, page]));

it("there are at least the ten decisions of the first version", () => {
  expect(decisions.length).toBeGreaterThanOrEqual(10);
});

it("the index links to each decision once, by its title", () => {
  const listed = [...pageAt(INDEX).prose.matchAll(/^\| \[([^\]]+)\]\(([^)/]+\.md)\) \|/gm)];
  const titles = Object.fromEntries(
    decisions.map((file) => [file, headingsOf(pageAt(`${FOLDER}/${file}`))[0]]),
  );
  expect(listed.map(([, , file]) => file).sort()).toEqual(decisions);
  expect(Object.fromEntries(listed.map(([, title, file]) => [file, `# ${title}`]))).toEqual(titles);
});

describe.each(decisions)("the decision %s", (file) => {
  const { prose, path } = pageAt(`${FOLDER}/${file}`);

  it("has a title and the four sections, each with text", () => {
    const [title, ...sections] = headingsOf({ prose });
    expect(title).toMatch(/^# \S/);
    expect(sections).toEqual(SECTIONS.map((section) => `## ${section}`));
    const texts = prose.split(/^## .*$/m).slice(1);
    expect(texts.filter((text) => text.trim() === "")).toEqual([]);
  });

  it("links to code and to documentation", () => {
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    expect(
      targets.filter((target) => target.startsWith("../../")),
      "links to code",
    ).not.toEqual([]);
    expect(
      targets.filter((target) => /^\.\.\/[^.]/.test(target)),
      "links to docs/",
    ).not.toEqual([]);
  });

  it(`has at most ${MOST_LINES} lines`, () => {
    const lines = readFileSync(join(repository, path), "utf8").trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(MOST_LINES);
  });
});

function pageAt(path: string): Page {
  const page = byPath.get(path);
  if (!page) throw new Error(`${path} is missing`);
  return page;
}

function headingsOf({ prose }: Pick<Page, "prose">): string[] {
  return prose.split("\n").filter((line) => /^#{1,6} /.test(line));
}
