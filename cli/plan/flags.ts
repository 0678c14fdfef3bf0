import { readCommandLine, UsageError } from "../shared/command-line";

export interface PlanFlags {
  /** The stack to plan. */
  readonly stack: string;
  /** The folder for the plan. @default out/<stack> */
  readonly out?: string;
  /** A settings file to use. @default Pulumi.<stack>.yaml */
  readonly configFile?: string;
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  /** Whether to print the summary as JSON. */
  readonly json: boolean;
  /** Whether to print only warnings and errors. */
  readonly quiet: boolean;
}

export const PLAN = {
  command: "npm run plan --",
  forms: ["<stack> [flags]"],
  summary: "Shows what a stack would create, without a cloud account, a network or the Pulumi CLI.",
  flags: {
    "--out <dir>": "write there instead of out/<stack>",
    "--config-file <file>": "read the settings from this file instead of Pulumi.<stack>.yaml",
    "--cwd <dir>": "the folder of Pulumi.yaml, if not this one",
    "--json": "print the summary as JSON",
    "--quiet": "print warnings and errors only",
  },
  words: "any",
} as const;

export function parseFlags(argv: readonly string[]): PlanFlags {
  const { words, flags } = readCommandLine(PLAN, argv);
  const [stack, ...surplus] = words;
  if (stack === undefined) throw new UsageError("no stack given; for example: npm run plan -- dev");
  if (surplus.length > 0) throw new UsageError(`only one stack at a time; given also: ${surplus.join(", ")}`);
  checkStackName(stack);
  const { cwd = process.cwd(), json = false, quiet = false, ...places } = flags;
  return { stack, cwd, json, quiet, ...places };
}

export function checkStackName(stack: string): void {
  if (!/^[\w.-]{1,100}$/.test(stack) || /^\.+$/.test(stack)) {
    throw new UsageError(
      `${JSON.stringify(stack)} is not a valid stack name; allowed: letters, digits, dots, dashes and underscores`,
    );
  }
}
