import { paletteFor } from "../shared/palette";
import type { PlanFlags } from "./flags";
import { planStack } from "./plan-stack";
import { screenOf, warningLine } from "./screen";

/** Plans a stack and prints the summary. */
export async function showPlan(flags: PlanFlags): Promise<void> {
  const { json, quiet } = flags;
  const { summary } = await planStack(flags);
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
