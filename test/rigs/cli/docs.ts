import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { repository } from "../platform/stacks";

/** A block of code as a reader meets it. */
export interface Block {
  /** What stands after the fence: the language, then where it is typed. */
  readonly language: string;
  readonly place: string;
  readonly text: string;
  readonly line: number;
}

/** A page of the documentation. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Its text without code. */
  readonly prose: string;
  /** The anchors that can be linked to. */
  readonly anchors: ReadonlySet<string>;
}

export function pages(): Page[] {
  const below = readdirSync(join(repository, "docs"), { recursive: true, encoding: "utf8" });
  const files = below.filter((path) => path.endsWith(".md")).map((path) => join(repository, "docs", path));
  const atTheRoot = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map((path) =>
    join(repository, path),
  );
  return [...atTheRoot, ...files].map((file) =>
    pageOf(relative(repository, file), readFileSync(file, "utf8")),
  );
}

function pageOf(path: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { language: string; place: string; line: number; indent: number; lines: string[] } | undefined;
  text.split("\n").forEach((line, index) => {
    const fence = /^( *)```(\S*) *(.*)$/.exec(line);
    if (!open && fence) {
      const [, indent = "", language = "", place = ""] = fence;
      open = { language, place: place.trim(), line: index + 1, indent: indent.length, lines: [] };
    } else if (open && fence) {
      const { lines, indent: _, ...rest } = open;
      blocks.push({ ...rest, text: `${lines.join("\n")}\n` });
      open = undefined;
    } else if (open) open.lines.push(line.slice(open.indent));
    else prose.push(line);
  });
  if (open) throw new Error(`${path}:${open.line}: a fence that is never closed`);
  const headings = prose.flatMap((line) => /^#{1,6} (.*)$/.exec(line)?.[1] ?? []);
  return { path, blocks, prose: prose.join("\n"), anchors: new Set(headings.map(anchorOf)) };
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}
