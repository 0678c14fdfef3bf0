import { relative, resolve } from "node:path";
import type { Evaluation } from "../pulumi-monitor";
import { picturesOf } from "../topology";
import { evaluateStack } from "./evaluate-stack";
import { filesOf } from "./files";
import type { PlanFlags } from "./flags";
import { checkOutFolder, writePlan } from "./out-folder";
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
  const cwd = resolve(folder);
  const out = resolve(wanted ?? `${cwd}/out/${stack}`);
  checkOutFolder(out);
  const { evaluation, identity, absent } = await evaluateStack({ cwd, stack, configFile });

  const pictures = picturesOf(evaluation, identity);
  const files = new Map([...filesOf(evaluation), ...pictures]);
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
  return { summary, evaluation, picture: pictures.get("topology.svg") ?? "", folder: out };
}
