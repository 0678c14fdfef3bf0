import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../../components/user-error";
import { evaluate, LoggedErrors } from "../monitor";
import { conceals } from "../monitor/conceal-literals";
import { picture, topologyOf } from "../topology";
import { withAbsentSecrets } from "./absent-secrets";
import { filesOf } from "./files";
import { type PlanFlags, parseFlags, USAGE, UsageError } from "./flags";
import { checkOutFolder, writePlan } from "./out-folder";
import { paletteFor, screenOf, warningLine } from "./screen";
import { readProject, readStack } from "./stack-file";
import { type Summary, summarize } from "./summary";

/** Runs `npm run plan` and returns its exit code: 1 for what is wrong with the stack, 2 for a wrong command line. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const flags = parseFlags(argv);
    if (flags === "help") process.stdout.write(USAGE);
    else show(await plan(flags), flags);
    return 0;
  } catch (error) {
    process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function plan({ cwd: folder, stack, out: wanted, configFile }: PlanFlags): Promise<Summary> {
  if (!conceals(pulumi.secret))
    throw new Error("the SDK was imported before conceal-literals.ts: secrets could be written");
  const cwd = resolve(folder);
  const out = resolve(wanted ?? `${cwd}/out/${stack}`);
  checkOutFolder(out);
  const project = readProject(cwd);
  const identity = { project: project.name, stack };
  const { absent, ...settings } = withAbsentSecrets(readStack(cwd, project.name, stack, configFile));
  const evaluation = await evaluate({ ...identity, ...settings, program: () => entryOf(project.main) });

  const files = new Map(filesOf(evaluation));
  files.set("topology.svg", picture(topologyOf(evaluation, identity)));
  writePlan(out, files);
  const usage = process.resourceUsage();
  return summarize(evaluation, {
    ...identity,
    absentSecrets: absent,
    files: files.size,
    out: relative(process.cwd(), out) || ".",
    seconds: performance.now() / 1000,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    peakMemoryMiB: Math.round(usage.maxRSS / 1024),
  });
}

/** The program as the CLI runs it: an exported function is called, and named exports are the stack's outputs. */
async function entryOf(path: string): Promise<unknown> {
  const entry: Record<string, unknown> = await import(pathToFileURL(path).href);
  const outputs = "default" in entry ? entry.default : { ...entry };
  return typeof outputs === "function" ? outputs() : outputs;
}

function show(summary: Summary, { json, quiet }: PlanFlags): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
  } else if (quiet) {
    const palette = paletteFor(process.stderr);
    const warnings = summary.logs.filter(({ severity }) => severity === "warning");
    for (const warning of warnings) process.stderr.write(`${warningLine(warning, palette)}\n`);
  } else {
    process.stdout.write(screenOf(summary, paletteFor(process.stdout)));
  }
}

/** The SDK puts the way of an error before its message, which tells the user nothing. */
const WAY = /^(error serializing property "[^"]*": )+/;

function messageOf(error: unknown): string {
  if (error instanceof UserError || error instanceof LoggedErrors) return error.message.replace(WAY, "");
  return `the program failed, and not by its settings:\n${error instanceof Error ? error.stack : String(error)}`;
}
