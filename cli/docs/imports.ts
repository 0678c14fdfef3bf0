import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { groupBy } from "../shared/grouping";

/** An import of one file by another; both paths are relative to the repository. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** The layers from lowest to highest. A layer may import only from layers before it. */
export const LAYERS: readonly string[] = ["shared", "settings", "servers", "cluster", "data", "systems"];

/** Folders that only group independent folders. They have no index, but their subfolders do. */
const COLLECTIONS = new Set(["components", "components/shared", "jobs", "policy", "cli", "cli/shared"]);

/** This file patches the SDK's serializer. Commands import it before anything else, and an index would load more. */
const LOADED_FIRST = "cli/pulumi-monitor/conceal-literals.ts";

const PRODUCT = ["components", "jobs", "policy", "cli"];
/** Imports for side effects only (`import "./x"`) use no name of the other file, so they do not match. */
const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(\s*)"(\.[^"]*)"/g;

/** Every import between files of the product. */
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

/** The imports that violate the direction of dependencies. */
export function againstTheDirection(imports: readonly Import[]): Import[] {
  return imports.filter(({ from, to }) => rankOf(to) > rankOf(from) || (inJobs(from) && !inJobs(to)));
}

/** The imports into a folder that bypass its index. */
export function pastAnIndex(imports: readonly Import[]): Import[] {
  return imports.filter(({ from, to }) => {
    if (to === LOADED_FIRST) return false;
    const folder = foldersOf(to).find((each) => !from.startsWith(`${each}/`) && !COLLECTIONS.has(each));
    return folder !== undefined && to !== `${folder}/index.ts`;
  });
}

/** Groups of files with circular imports, each sorted. */
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

/** Jobs rank lowest, because components import their schemas. Rules judge what the program declares. Commands rank highest. */
function rankOf(path: string): number {
  const [top, layer] = path.split("/");
  if (top === "jobs") return 0;
  if (path === "index.ts" || path === "components/index.ts") return LAYERS.length + 1;
  if (top === "policy") return LAYERS.length + 1;
  return top === "components" ? 1 + LAYERS.indexOf(layer ?? "") : LAYERS.length + 2;
}

/** The folders that contain a file, outermost first. */
function foldersOf(path: string): string[] {
  const parts = dirname(path).split("/");
  return parts.map((_, depth) => parts.slice(0, depth + 1).join("/")).filter((folder) => folder !== ".");
}

/** Formats an import for an error: both files, the second relative to the first. */
export function shown({ from, to }: Import): string {
  return `${from} imports ${relative(dirname(from), to)}`;
}
