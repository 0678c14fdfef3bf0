/** What a user types in front of a command, in the repository. */
export const PROGRAM = "npx trellis";

/** The groups of the list of commands, in its order. */
export const GROUPS = {
  local: "On this machine",
  before: "Before a deployment",
  stack: "With a deployed stack",
  repository: "For this repository",
} as const;

/** Flags by their syntax, with a description: `--json`, or `--out <dir>` for a flag with a value. */
export type FlagTable = Readonly<Record<string, string>>;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type NameOf<Syntax> = Syntax extends `--${infer Name} <${string}>`
  ? CamelCase<Name>
  : Syntax extends `--${infer Name}`
    ? CamelCase<Name>
    : never;

/** The flags that a user gave, by name in camel case. */
export type GivenFlags<Flags extends FlagTable> = {
  readonly [Syntax in keyof Flags as NameOf<Syntax>]?: Syntax extends `${string} <${string}>` ? string : true;
};

/** A command line, after it was checked. */
export interface Given<Flags extends FlagTable = FlagTable> {
  readonly words: readonly string[];
  readonly flags: GivenFlags<Flags>;
}

/** What a command may use of the command line around it. */
export interface Surroundings {
  readonly commands: readonly Command[];
}

/** A command of `trellis`, as the list, its help, the completion and the documentation show it. */
export interface Command<Flags extends FlagTable = FlagTable> {
  /** The word after `trellis`. */
  readonly name: string;
  readonly group: keyof typeof GROUPS;
  /** One sentence about what the command does, short enough for one line of the list. */
  readonly summary: string;
  /** More about it, for its help. @default none */
  readonly description?: string;
  /** The arguments of each form: `[<stack>] [flags]`. @default ["[flags]"] */
  readonly forms?: readonly string[];
  readonly flags: Flags;
  /** Command lines without `trellis`, and what they are for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** More help, below the examples. @default none */
  readonly details?: string;
  /** Which positional arguments are allowed; "forwarded" also keeps unknown flags among them. @default "none" */
  readonly words?: "none" | "any" | "forwarded";
  /** What a shell offers as the first argument: the stacks, or these words. @default nothing */
  readonly offers?: "stacks" | readonly string[];
  /** The exit codes besides those of every command, with their meaning. @default none */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Whether the process ends when the command does, even if a library still holds open handles. @default false */
  readonly endsProcess?: boolean;
  /** Does the work and returns the exit code, or nothing for 0. Loads what it needs only now. */
  readonly run: (given: Given<Flags>, surroundings: Surroundings) => Promise<number> | Promise<void> | number;
}

/** Describes a command; the types of the given flags follow from their syntax. */
export function command<const Flags extends FlagTable>(described: Command<Flags>): Command {
  // Safe: the command line gives `run` only flags of this table, by the rule of `GivenFlags`.
  return described as unknown as Command;
}

/** The exit codes that every command has. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: "done",
  1: "failed, for the reason on stderr",
  2: "wrong command line; nothing was done",
};

/** The flags that several commands have, described once. */
export const STACK_FLAG = {
  "--stack <name>":
    "the stack; if not given, $PULUMI_STACK, or else the stack that `pulumi stack select` selected",
} as const;

export const CWD_FLAG = { "--cwd <dir>": "the folder of Pulumi.yaml, if not this one" } as const;
