import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Import, LAYERS, productImports } from "./imports";

const MARKS = /<!-- diagram: structure -->\n[\s\S]*?<!-- end -->/;

/** The page with the diagram of the program's folders drawn anew between its marks. */
export function architecturePage(page: string, repository: string): string {
  if (!MARKS.test(page))
    throw new Error("docs/architecture.md has no marks for the diagram of the structure");
  const drawn = structureDiagram(repository, productImports(repository));
  return page.replace(MARKS, `<!-- diagram: structure -->\n${drawn}\n<!-- end -->`);
}

/** Folders and the direction of their imports as a Mermaid flowchart. An arrow that follows from two others is left out. */
export function structureDiagram(repository: string, imports: readonly Import[]): string {
  const groups = ["cli", "policy", "index", ...[...LAYERS].reverse(), "jobs"];
  const edges = new Map(groups.map((from) => [from, new Set<string>()]));
  for (const { from, to } of imports) {
    const [start, end] = [groupOf(from), groupOf(to)];
    if (start !== end) edges.get(start)?.add(end);
  }
  return [
    "```mermaid",
    "flowchart TB",
    ...groups.map((group) => `  ${group}["${labelOf(repository, group)}"]`),
    ...groups.flatMap((from) => reduced(edges, from).map((to) => `  ${from} --> ${to}`)),
    "```",
  ].join("\n");
}

function groupOf(path: string): string {
  const [top = "", layer = ""] = path.split("/");
  return top === "components" ? layer : top.replace(/\.ts$/, "");
}

function labelOf(repository: string, group: string): string {
  if (group === "index") return "<b>index.ts</b>";
  const folder = LAYERS.includes(group) ? `components/${group}` : group;
  const rooms = readdirSync(join(repository, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map(({ name }) => name)
    .sort();
  return `<b>${folder}</b><br/>${rooms.join(", ")}`;
}

/** The groups that one imports from, without those that it also reaches through another of them. */
function reduced(edges: ReadonlyMap<string, ReadonlySet<string>>, from: string): string[] {
  const direct = [...(edges.get(from) ?? [])];
  const reaches = (start: string, goal: string): boolean =>
    [...(edges.get(start) ?? [])].some((next) => next === goal || reaches(next, goal));
  return direct.filter((to) => !direct.some((other) => other !== to && reaches(other, to))).sort();
}
