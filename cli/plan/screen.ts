import { isRecord, type LogEntry, type Properties, type Value } from "../pulumi-monitor";
import { groupBy } from "../shared/grouping";
import type { Palette } from "../shared/palette";
import type { Branch, Count, Summary } from "./summary";

/** Renders the summary for a terminal. */
export function screenOf(summary: Summary, palette: Palette): string {
  const { project, stack, total, tree, outputs, files, out, seconds, logs, absentSecrets } = summary;
  const warnings = logs.filter(({ severity }) => severity === "warning");
  const notes = logs.filter(({ severity }) => severity === "info");
  const blocks = [
    [
      `${palette.bold(`${project} · ${stack}`)}  ${palette.dim(`${total} resources`)}`,
      ...withCounts("", "", tree.counts, palette),
      ...branchLines(tree.branches, "", palette),
    ],
    outputLines(outputs, palette),
    notes.map(({ message }) => `${palette.accent("note")}     ${message}`),
    warnings.map((warning) => warningLine(warning, palette)),
    absentSecrets.map(
      ({ key, why }) =>
        `${palette.accent("to set")}   pulumi config set --secret ${key}  ${palette.dim(why)}`,
    ),
    [`${files} files in ${palette.accent(out)} after ${seconds.toFixed(1)} s`],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

export function warningLine({ message, resource }: LogEntry, palette: Palette): string {
  const about = resource ? palette.dim(` (${resource.split("::").at(-1)})`) : "";
  return `${palette.warning("warning")}  ${message}${about}`;
}

/** At this number of similar siblings, the tree shows one line for all. */
const FOLD_FROM = 7;

function branchLines(branches: readonly Branch[], indent: string, palette: Palette): string[] {
  const shown = fold(branches);
  return shown.flatMap((branch, index) => {
    const last = index === shown.length - 1;
    const below = indent + (last ? "   " : "│  ");
    return [
      `${palette.dim(indent + (last ? "└─ " : "├─ "))}${branch.name} ${palette.dim(branch.type)}`,
      ...withCounts(below, branch.branches.length > 0 ? "│  " : "   ", branch.counts, palette),
      ...branchLines(branch.branches, below, palette),
    ];
  });
}

function withCounts(indent: string, stem: string, counts: readonly Count[], palette: Palette): string[] {
  if (counts.length === 0) return [];
  const said = counts.map(({ type, count }) => (count === 1 ? type : `${count} ${type}`));
  return wrap(said, 96 - indent.length).map((line) => palette.dim(indent + stem) + palette.accent(line));
}

function wrap(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length + 2 <= width)
      lines[lines.length - 1] = `${line}, ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Joins many similar siblings into one branch; other branches keep their position. */
function fold(branches: readonly Branch[]): readonly Branch[] {
  const alike = groupBy(branches, likeness);
  return branches.flatMap((branch) => {
    const group = alike.get(likeness(branch)) ?? [];
    const [first] = group;
    if (group.length < FOLD_FROM) return [branch];
    return branch === first
      ? [{ ...branch, name: `${group.length} × ${first.name} … ${group.at(-1)?.name}` }]
      : [];
  });
}

function likeness({ type, counts, branches }: Branch): string {
  return JSON.stringify([type, counts, branches.map(likeness)]);
}

/** Longer values are only in outputs.json. */
const LONGEST_VALUE = 90;

function outputLines(outputs: Properties, palette: Palette): string[] {
  const lines = Object.entries(outputs).flatMap(([name, value]) =>
    name === "monthlyCost" ? [[name, cost(value)] as const] : leaves(value, name),
  );
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${palette.dim(name.padEnd(width))}  ${value}`);
}

/** One line for each nested value. The items of a list share one line. */
function leaves(value: Value, path: string): (readonly [string, string])[] {
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return value.length === 0
      ? [[path, "none"]]
      : value.map((item, index) => [index === 0 ? path : "", shown(item)]);
  }
  if (!isMapping(value)) return [[path, shown(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

function shown(value: Value): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= LONGEST_VALUE && !text.includes("\n")) return text;
  return `(${text.length} characters, in outputs.json)`;
}

/** The estimated cost, with its items. */
function cost(value: Value): string {
  if (!isMapping(value) || typeof value.euros !== "number") return shown(value);
  const items = (Array.isArray(value.items) ? value.items : []).filter(isMapping);
  const parts = [...groupBy(items, ({ name }) => name)].map(
    ([name, alike]) => `${alike.reduce((sum, { count }) => sum + Number(count), 0)} ${name}`,
  );
  return `€ ${value.euros.toFixed(2)}${parts.length > 0 ? `  (${parts.join(", ")})` : ""}`;
}

function isMapping(value: Value): value is Properties {
  return isRecord(value);
}
