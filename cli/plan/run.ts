import { runCommand } from "../shared/command-line";
import { paletteFor } from "../shared/palette";
import { PLAN, type PlanFlags, parseFlags } from "./flags";
import { planStack } from "./plan-stack";
import { screenOf, warningLine } from "./screen";
import type { Summary } from "./summary";

/** Runs `npm run plan` and returns its exit code: 1 for an error in the stack, 2 for a wrong command line. */
export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(PLAN, async () => {
    const flags = parseFlags(argv);
    show((await planStack(flags)).summary, flags);
  });

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
