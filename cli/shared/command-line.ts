import { Command, CommanderError } from "commander";
import { UserError } from "../../components/shared/user-error";
import { messageOf } from "./error-message";
import { paletteFor } from "./palette";

/** A wrong command line: the command exits with 2. */
export class UsageError extends UserError {}

/** Thrown for `--help`: the command prints the text and does nothing else. */
export class HelpRequested extends Error {
  constructor(readonly text: string) {
    super("--help");
  }
}

export interface CommandLine<Flags extends FlagTable> {
  /** What a user types before the arguments: `npm run plan --`. */
  readonly command: string;
  /** The arguments of each form, one line for each: `<stack> [flags]`. */
  readonly forms: readonly string[];
  /** One sentence about what the command does. */
  readonly summary: string;
  /** The description of each flag, by its syntax: `--json`, or `--out <dir>` for a flag with a value. */
  readonly flags: Flags;
  /** More help, below the flags. @default none */
  readonly details?: string;
  /** Which positional arguments are allowed; "forwarded" also keeps unknown flags among them. @default "none" */
  readonly words?: "none" | "any" | "forwarded";
}

type FlagTable = Readonly<Record<string, string>>;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type NameOf<Syntax> = Syntax extends `--${infer Name} <${string}>`
  ? CamelCase<Name>
  : Syntax extends `--${infer Name}`
    ? CamelCase<Name>
    : never;

/** The given flags, by name in camel case. */
type Given<Flags extends FlagTable> = {
  readonly [Syntax in keyof Flags as NameOf<Syntax>]?: Syntax extends `${string} <${string}>` ? string : true;
};

/** Parses a command line. Throws a UsageError if it is wrong, and HelpRequested for `--help`. */
export function readCommandLine<const Flags extends FlagTable>(
  line: CommandLine<Flags>,
  argv: readonly string[],
): { readonly words: readonly string[]; readonly flags: Given<Flags> } {
  const complaints: string[] = [];
  const command = new Command(line.command)
    .usage(line.forms.join(`\n       ${line.command} `))
    .description(line.summary)
    .argument("[words...]")
    .helpOption("-h, --help", "print this")
    .allowUnknownOption(line.words === "forwarded")
    .configureHelp({ visibleArguments: () => [] })
    .configureOutput({ writeOut: () => {}, writeErr: (text) => complaints.push(text) })
    .exitOverride();
  for (const [syntax, summary] of Object.entries(line.flags)) command.option(syntax, summary);
  if (line.details) command.addHelpText("after", `\n${line.details}`);

  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpRequested(helpOf(command));
    throw new UsageError(
      complaints
        .join("")
        .replace(/^error: /, "")
        .trimEnd(),
    );
  }
  const words = command.args;
  if (words.length > 0 && (line.words ?? "none") === "none") {
    throw new UsageError(
      `${line.command.replace(/ --$/, "")} takes flags only; given also: ${words.join(", ")}`,
    );
  }
  const given = command.opts<Record<string, string | true>>();
  refuseSwallowedFlags(command, argv, given);
  // Safe: commander names its values by the same rule as `Given`, and a flag without a value is true.
  return { words, flags: given as Given<Flags> };
}

/** Refuses a flag as the value of another flag, as in `--out --json`. A value that starts with dashes needs `=`. */
function refuseSwallowedFlags(
  command: Command,
  argv: readonly string[],
  given: Readonly<Record<string, string | true>>,
): void {
  for (const option of command.options) {
    const value = given[option.attributeName()];
    if (typeof value !== "string" || !value.startsWith("-") || argv.includes(`${option.long}=${value}`))
      continue;
    throw new UsageError(
      `${option.long} needs a value, given the flag ${value}; for a value with a dash in front: ${option.long}=VALUE`,
    );
  }
}

function helpOf(command: Command): string {
  let text = "";
  command
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
    })
    .outputHelp();
  return text;
}

/**
 * Runs a command and returns its exit code: what `action` returns or 0, 2 for a wrong command line, 1 for every other
 * error. Errors go to stderr.
 */
export async function runCommand(
  { command }: Pick<CommandLine<FlagTable>, "command">,
  action: () => Promise<number> | Promise<void> | number,
): Promise<number> {
  try {
    const code = await action();
    return typeof code === "number" ? code : 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      process.stdout.write(error.text);
      return 0;
    }
    const wrongUsage = error instanceof UsageError;
    const hint = wrongUsage ? `see: ${command} --help\n` : "";
    process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${messageOf(error)}\n${hint}`);
    return wrongUsage ? 2 : 1;
  }
}
