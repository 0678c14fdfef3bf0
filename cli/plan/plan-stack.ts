import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { type Evaluation, evaluate } from "../pulumi-monitor";
import { conceals } from "../pulumi-monitor/conceal-literals";
import { picture, topologyOf } from "../topology";
import { withAbsentSecrets } from "./absent-secrets";
import { filesOf } from "./files";
import type { PlanFlags } from "./flags";
import { checkOutFolder, writePlan } from "./out-folder";
import { readProject, readStack } from "./stack-file";
import { type Summary, summarize } from "./summary";

/** A written plan and its evaluation. */
interface Plan {
  readonly summary: Summary;
  readonly evaluation: Evaluation;
  /** The topology as SVG. */
  readonly picture: string;
  /** The plan's folder, as an absolute path. */
  readonly folder: string;
}

export async function planStack({
  cwd: folder,
  stack,
  out: wanted,
  configFile,
}: Omit<PlanFlags, "json" | "quiet">): Promise<Plan> {
  if (!conceals(pulumi.secret))
    throw new Error("the SDK was imported before conceal-literals.ts: the plan could contain secrets");
  const cwd = resolve(folder);
  const out = resolve(wanted ?? `${cwd}/out/${stack}`);
  checkOutFolder(out);
  const project = readProject(cwd);
  const identity = { project: project.name, stack };
  const { absent, ...settings } = withAbsentSecrets(readStack(cwd, project.name, stack, configFile));
  const evaluation = await evaluate({ ...identity, ...settings, program: () => entryOf(project.main) });

  const files = new Map(filesOf(evaluation));
  const drawn = picture(topologyOf(evaluation, identity));
  files.set("topology.svg", drawn);
  writePlan(out, files);
  const usage = process.resourceUsage();
  const summary = summarize(evaluation, {
    ...identity,
    absentSecrets: absent,
    files: files.size,
    out: relative(process.cwd(), out) || ".",
    seconds: performance.now() / 1000,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    peakMemoryMiB: Math.round(usage.maxRSS / 1024),
  });
  return { summary, evaluation, picture: drawn, folder: out };
}

/** Runs the program as the CLI does: calls a default function, or takes named exports as the stack's outputs. */
async function entryOf(path: string): Promise<unknown> {
  const entry: Record<string, unknown> = await import(pathToFileURL(path).href);
  const outputs = "default" in entry ? entry.default : { ...entry };
  return typeof outputs === "function" ? outputs() : outputs;
}
