// Plans every stack of this checkout and of another, and prints as Markdown what differs:
//
//   node .ci/plan-changes.mjs <other checkout> <out>
//
// A plan needs no secret, no account and no network, so this may run unreviewed code. <out> gets both plans of each stack
// (<out>/before/<stack>, <out>/after/<stack>) and the whole difference (<out>/<stack>.diff). The exit code is 1 where this
// checkout has a stack that cannot be planned.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** GitHub drops a job summary of more than 1 MiB. */
const LONGEST_SUMMARY = 900_000;
const LONGEST_LIST = 50;

const [other, out] = process.argv.slice(2).map((each) => resolve(each));
if (!other || !out) {
  process.stderr.write("usage: node .ci/plan-changes.mjs <other checkout> <out>\n");
  process.exit(2);
}
const stacks = [...new Set([...stacksOf(other), ...stacksOf(".")])].sort();
const sections = stacks.map(sectionOf);
const perStack = Math.floor(LONGEST_SUMMARY / Math.max(1, sections.length));
const body = sections.map(({ head, diff }) => head + folded(diff, perStack - head.length)).join("\n");
process.stdout.write(`# What changes in the plans\n\n${body}`);

function stacksOf(checkout) {
  return readdirSync(checkout).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
}

function sectionOf(stack) {
  const before = planOf(other, stack, "before");
  const after = planOf(".", stack, "after");
  if (after.problem) process.exitCode = 1;
  const problems = [
    before.problem && `There is no plan to compare with: ${before.problem}`,
    after.problem && `**This change has no plan**: ${after.problem}`,
  ].filter(Boolean);
  const diff = git("--unified=3", before.folder, after.folder);
  writeFileSync(join(out, `${stack}.diff`), diff);
  const size = git("--shortstat", before.folder, after.folder).trim();
  const listed = [...changesOf(before.folder, after.folder), ...problems];
  return { head: `## ${stack}\n\n${[size || "The plan is the same.", ...listed].join("\n\n")}\n`, diff };
}

function planOf(checkout, stack, name) {
  const folder = join(out, name, stack);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(checkout, `Pulumi.${stack}.yaml`))) return { folder };
  const { status, stdout, stderr } = spawnSync(
    "npm",
    ["run", "--silent", "plan", "--", stack, "--quiet", "--out", folder],
    { cwd: checkout, encoding: "utf8" },
  );
  return status === 0 ? { folder } : { folder, problem: fenced(`${stdout}${stderr}`.trim()) };
}

/** The resources that only one of the plans has: the engine would create or delete these, whatever the state is. */
function changesOf(before, after) {
  const [old, fresh] = [urnsOf(before), urnsOf(after)];
  return [
    ["Deleted or renamed", [...old].filter((urn) => !fresh.has(urn))],
    ["Created", [...fresh].filter((urn) => !old.has(urn))],
  ].flatMap(([title, urns]) => (urns.length > 0 ? [`${title}:\n\n${listOf(urns)}`] : []));
}

function urnsOf(folder) {
  const file = join(folder, "resources.json");
  return new Set(existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).map(({ urn }) => urn) : []);
}

function listOf(urns) {
  // `urn:pulumi:<stack>::<project>::<parent's type>$<type>::<name>`
  const named = urns.map((urn) => urn.slice(urn.lastIndexOf("$") + 1).split("::").slice(-2).join(" ")).sort();
  const shown = named.slice(0, LONGEST_LIST).map((each) => `- \`${each}\``);
  const rest = named.length - shown.length;
  return [...shown, ...(rest > 0 ? [`- and ${rest} more`] : [])].join("\n");
}

function git(option, before, after) {
  // Relative paths, so that the difference names no folder of this machine.
  const paths = [before, after].map((each) => each.slice(out.length + 1));
  const { status, stdout, stderr } = spawnSync(
    "git",
    ["diff", "--no-index", "--no-color", "--no-ext-diff", option, ...paths],
    { cwd: out, encoding: "utf8", maxBuffer: 1 << 30 },
  );
  if (status === 0 || status === 1) return stdout;
  throw new Error(`git cannot compare the plans: ${stderr}`);
}

function folded(diff, room) {
  if (diff === "") return "";
  const cut = Buffer.byteLength(diff) > room;
  const shown = cut ? Buffer.from(diff).subarray(0, Math.max(0, room)).toString() : diff;
  const note = cut ? "\nThe difference is longer; the run's artifact has all of it.\n" : "";
  return `\n<details><summary>Difference</summary>\n\n${fenced(shown, "diff")}\n${note}\n</details>\n`;
}

/** A code block whose fence is longer than any in the text, so that the text cannot end it. */
function fenced(text, language = "") {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((each) => each.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
