import type { Given } from "../shared/command";
import { chooseStack } from "../shared/stack-choice";

export interface PlanFlags {
  /** The stack to plan. */
  readonly stack: string;
  /** The folder for the plan. @default out/<stack> */
  readonly out?: string;
  /** A settings file to use. @default Pulumi.<stack>.yaml */
  readonly configFile?: string;
  /** What to compare with: a settings file, another stack, or a commit. @default none: the plan is shown */
  readonly diff?: string;
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  /** Whether to print the summary as JSON. */
  readonly json: boolean;
  /** Whether to print only warnings and errors. */
  readonly quiet: boolean;
}

/** The command line of a plan, checked. */
export type PlanCommandLine = Given<{
  "--stack <name>": string;
  "--out <dir>": string;
  "--config-file <file>": string;
  "--diff <what>": string;
  "--cwd <dir>": string;
  "--json": string;
  "--quiet": string;
}>;

export function planFlags({ words, flags }: PlanCommandLine): PlanFlags {
  const { cwd = process.cwd(), json = false, quiet = false, stack: flag, ...places } = flags;
  return { stack: chooseStack({ cwd, words, flag }), cwd, json, quiet, ...places };
}
