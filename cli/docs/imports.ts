import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { groupBy } from "../shared/grouping";

/** One file that imports another, both by their paths in the repository. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** From the lowest to the highest: a layer imports from those before it and never from those behind it. */
export const LAYERS: readonly string[] = ["shared", "settings", "servers", "cluster", "data", "systems"];

/** Collections of independent folders: they have no index, and their children do. */
const COLLECTIONS = new Set(["components", "components/shared", "jobs", "cli", "cli/shared"]);

/** Patches the SDK's serializer, so commands load it before anything else, and not through an index that loads more. */
const LOADED_FIRST = "cli/pulumi-monitor/conceal-literals.ts";

const PRODUCT = ["components", "jobs", "cli"];
/** A side effect alone (`import "./x"`) takes no name from the other file, so it is left out. */
const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(\s*)"(\.[^"]*)"/g;

/** Every import between the product's own files. */
export function productImports(repository: string): Import[] {
  const inside = PRODUCT.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" }).map((path) =>
      join(folder, path),
    ),
  );
  const sources = inside.filter((path) => path.endsWith(".ts") && !path.includes("node_modules"));
  const files = new Set(["index.ts", ...sources]);
  return [...files].sort().flatMap((from) => {
    const text = readFileSync(join(repository, from), "utf8");
    return [...text.matchAll(SPECIFIER)].flatMap(([, specifier = ""]) => {
      const path = join(dirname(from), specifier);
      const to = [path, `${path}.ts`, join(path, "index.ts")].find((each) => files.has(each));
      return to ? [{ from, to }] : [];
    });
  });
}

/** The imports that go against the direction of dependencies. */
export function againstTheDirection(imports: readonly Import[]): Import[] {
  return imports.filter(({ from, to }) => rankOf(to) > rankOf(from) || (inJobs(from) && !inJobs(to)));
}

/** The imports from outside of a folder that go past its index. */
export function pastAnIndex(imports: readonly Import[]): Import[] {
  return imports.filter(({ from, to }) => {
    if (to === LOADED_FIRST) return false;
    const folder = foldersOf(to).find((each) => !from.startsWith(`${each}/`) && !COLLECTIONS.has(each));
    return folder !== undefined && to !== `${folder}/index.ts`;
  });
}

/** Groups of files that import each other in a circle, each sorted. */
export function circles(imports: readonly Import[]): string[][] {
  const next = groupBy(imports, ({ from }) => from);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const own = index.size;
    index.set(file, own);
    low.set(file, own);
    stack.push(file);
    for (const { to } of next.get(file) ?? []) {
      const reached = index.has(to) ? (stack.includes(to) ? index.get(to) : undefined) : visit(to);
      if (reached !== undefined) low.set(file, Math.min(low.get(file) ?? own, reached));
    }
    if (low.get(file) === own) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1) found.push(group.sort());
    }
    return low.get(file) ?? own;
  };
  for (const { from } of imports) if (!index.has(from)) visit(from);
  return found;
}

const inJobs = (path: string) => path.startsWith("jobs/");

/** Jobs are below all: components read their schemas. Commands are above all. */
function rankOf(path: string): number {
  const [top, layer] = path.split("/");
  if (top === "jobs") return 0;
  if (path === "index.ts" || path === "components/index.ts") return LAYERS.length + 1;
  return top === "components" ? 1 + LAYERS.indexOf(layer ?? "") : LAYERS.length + 2;
}

/** The folders that a file is in, the outermost first. */
function foldersOf(path: string): string[] {
  const parts = dirname(path).split("/");
  return parts.map((_, depth) => parts.slice(0, depth + 1).join("/")).filter((folder) => folder !== ".");
}

/** How an import is shown in a failed check: both files, the second as the first one sees it. */
export function shown({ from, to }: Import): string {
  return `${from} imports ${relative(dirname(from), to)}`;
}
