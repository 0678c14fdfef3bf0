import { CommanderError, Command as Parser } from "commander";
import { type Command, EXIT_CODES, type Given, GROUPS, PROGRAM } from "../shared/command";
import { UsageError } from "../shared/usage-error";

/** Descriptions are wrapped into columns down to this width. */
const NARROWEST = 16;

const VERSION_FLAG = ["-V, --version", "print the version"] as const;

/** The command to run, and its checked arguments. */
export interface Chosen {
  readonly command: Command;
  readonly given: Given;
}

/** Text that was asked for: by `--help`, `help` or `--version`, or by no command at all. */
export interface Asked {
  readonly text: string;
}

/** A wrong command line; `command` is the one whose help explains it. */
export class WrongCommandLine extends UsageError {
  constructor(
    message: string,
    readonly command?: string,
  ) {
    super(message);
  }
}

/** Reads a command line. Throws a WrongCommandLine that names the nearest word for an unknown one. */
export function readCommandLine(
  commands: readonly Command[],
  version: string,
  argv: readonly string[],
): Chosen | Asked {
  let text = "";
  let complaint = "";
  let chosen: Chosen | undefined;
  const parserOf = (name: string) =>
    new Parser(name)
      .exitOverride()
      .helpOption("-h, --help", "print this")
      .configureOutput({
        writeOut: (part) => {
          text += part;
        },
        writeErr: (part) => {
          complaint += part;
        },
      });

  const program = parserOf("trellis")
    .usage("<command> [flags]")
    .description("Plans, runs and operates a Trellis platform.")
    .version(version, ...VERSION_FLAG)
    .configureHelp({ subcommandTerm: (sub) => sub.name(), minWidthToWrap: NARROWEST })
    .helpCommand(false)
    .addHelpText("after", `\nHelp of a command, with examples: ${PROGRAM} help <command>`);
  // The groups appear in the order in which commands of theirs are added.
  for (const group of Object.keys(GROUPS))
    for (const command of commands.filter((each) => each.group === group)) {
      const parser = described(parserOf(command.name), command).version(version, ...VERSION_FLAG);
      program.addCommand(
        parser.action(() => {
          chosen = { command, given: givenTo(command, parser, argv) };
        }),
      );
    }

  const words = asFlags(argv, commands);
  try {
    program.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    const known = commands.find(({ name }) => name === words[0])?.name;
    throw new WrongCommandLine(plain(complaint, known), known);
  }
  if (!chosen) throw new WrongCommandLine("no command given");
  return chosen;
}

/**
 * `trellis` and `trellis help` ask for the list, and `trellis help plan` for the help of a command. A word that is no
 * command stays alone: the parser would answer it with the list if help is asked for, and not with the nearest word.
 */
function asFlags([first, ...rest]: readonly string[], commands: readonly Command[]): string[] {
  if (first === undefined) return ["--help"];
  if (first === "help") return asFlags([...rest, "--help"], commands);
  const known = first.startsWith("-") || commands.some(({ name }) => name === first);
  return known ? [first, ...rest] : [first];
}

function described(parser: Parser, command: Command): Parser {
  const { name, forms = ["[flags]"], summary, description, flags, words, group } = command;
  parser
    .helpGroup(`${GROUPS[group]}:`)
    .usage(forms.join(`\n       ${PROGRAM} ${name} `))
    .summary(summary)
    .description([summary, description].filter(Boolean).join(" "))
    .argument("[words...]")
    .allowUnknownOption(words === "forwarded")
    .configureHelp({
      minWidthToWrap: NARROWEST,
      visibleArguments: () => [],
      commandUsage: (each) => `${PROGRAM} ${name} ${each.usage()}`,
    })
    .addHelpText("after", `\n${detailsOf(command)}`);
  for (const [syntax, purpose] of Object.entries(flags)) parser.option(syntax, purpose);
  return parser;
}

function detailsOf({ examples, details, exitCodes = {} }: Command): string {
  const table = (rows: readonly (readonly [string, string])[]) => {
    const width = Math.max(...rows.map(([left]) => left.length));
    return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
  };
  const codes = Object.entries({ ...EXIT_CODES, ...exitCodes });
  return [
    `Examples:\n${table(examples.map(([line, purpose]) => [`${PROGRAM} ${line}`, purpose]))}`,
    ...(details === undefined ? [] : [details.trimEnd()]),
    `Exit codes:\n${table(codes)}`,
  ].join("\n\n");
}

function givenTo({ name, words: allowed = "none" }: Command, parser: Parser, argv: readonly string[]): Given {
  const words = parser.args;
  if (words.length > 0 && allowed === "none")
    throw new WrongCommandLine(`trellis ${name} takes flags only; given also: ${words.join(", ")}`, name);
  const given = parser.opts<Record<string, string | true>>();
  refuseSwallowedFlags(name, parser, argv, given);
  return { words, flags: given };
}

/** Refuses a flag as the value of another flag, as in `--out --json`. A value that starts with dashes needs `=`. */
function refuseSwallowedFlags(
  name: string,
  parser: Parser,
  argv: readonly string[],
  given: Readonly<Record<string, string | true>>,
): void {
  for (const option of parser.options) {
    const value = given[option.attributeName()];
    if (typeof value !== "string" || !value.startsWith("-") || argv.includes(`${option.long}=${value}`))
      continue;
    throw new WrongCommandLine(
      `${option.long} needs a value, given the flag ${value}; for a value with a dash in front: ${option.long}=VALUE`,
      name,
    );
  }
}

/** The parser's complaint in the words of this program. */
function plain(complaint: string, command: string | undefined): string {
  const [, nearest] = /\(Did you mean (.+?)\?\)/.exec(complaint) ?? [];
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  const [, flag] = /unknown option '(.+)'/.exec(complaint) ?? [];
  if (flag !== undefined) return `${flag} is not a flag of trellis${command ? ` ${command}` : ""}${hint}`;
  const [, word] = /unknown command '(.+)'/.exec(complaint) ?? [];
  if (word !== undefined) return `${word} is not a command of trellis${hint}`;
  const [, syntax] = /option '(.+)' argument missing/.exec(complaint) ?? [];
  if (syntax !== undefined) return `${syntax.split(" ")[0]} needs a value: ${syntax}`;
  return complaint.replace(/^error: /, "").trimEnd();
}
