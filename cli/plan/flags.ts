import { parseArgs } from "node:util";
import { UserError } from "../../components/shared/user-error";

export interface PlanFlags {
  readonly stack: string;
  /** Where the plan goes. @default out/<stack> */
  readonly out?: string;
  readonly configFile?: string;
  /** The folder of Pulumi.yaml. */
  readonly cwd: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

export const USAGE = `Shows what a stack would create, without a cloud account, a network or the Pulumi CLI.

Usage: npm run plan -- <stack> [flags]

  --out DIR           write there instead of out/<stack>
  --config-file FILE  read the settings from this file instead of Pulumi.<stack>.yaml
  --cwd DIR           the folder of Pulumi.yaml, if not this one
  --json              print the summary as JSON
  --quiet             print warnings and errors only
  --help              print this
`;

/** A command line that cannot be understood; `--help` would have helped. */
export class UsageError extends UserError {}

export function parseFlags(argv: readonly string[]): PlanFlags | "help" {
  const { values, positionals } = parse(argv);
  if (values.help) return "help";
  const [stack, ...surplus] = positionals;
  if (stack === undefined) throw new UsageError("no stack given; for example: npm run plan -- dev");
  if (surplus.length > 0) throw new UsageError(`only one stack at a time; given also: ${surplus.join(", ")}`);
  checkStackName(stack);
  return {
    stack,
    cwd: values.cwd ?? process.cwd(),
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    ...(values.out !== undefined && { out: values.out }),
    ...(values["config-file"] !== undefined && { configFile: values["config-file"] }),
  };
}

export function checkStackName(stack: string): void {
  if (!/^[\w.-]{1,100}$/.test(stack) || /^\.+$/.test(stack)) {
    throw new UsageError(
      `${JSON.stringify(stack)} is not a valid stack name; allowed: letters, digits, dots, dashes and underscores`,
    );
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        out: { type: "string" },
        "config-file": { type: "string" },
        cwd: { type: "string" },
        json: { type: "boolean" },
        quiet: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
