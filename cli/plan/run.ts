import { paletteFor } from "../shared/palette";
import { type PlanCommandLine, type PlanFlags, planFlags } from "./flags";
import { planStack } from "./plan-stack";
import { screenOf, warningLine } from "./screen";
import type { Summary } from "./summary";

/** Runs `trellis plan`. */
export async function run(given: PlanCommandLine): Promise<void> {
  const flags = planFlags(given);
  show((await planStack(flags)).summary, flags);
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
