import { messageOf } from "../shared/error-message";
import { paletteFor } from "../shared/palette";
import { type PlanFlags, parseFlags, USAGE, UsageError } from "./flags";
import { planStack } from "./plan-stack";
import { screenOf, warningLine } from "./screen";
import type { Summary } from "./summary";

/** Runs `npm run plan` and returns its exit code: 1 for what is wrong with the stack, 2 for a wrong command line. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const flags = parseFlags(argv);
    if (flags === "help") process.stdout.write(USAGE);
    else show((await planStack(flags)).summary, flags);
    return 0;
  } catch (error) {
    process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
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
