import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import type { Given } from "../shared/command";
import { type Palette, paletteFor } from "../shared/palette";
import { output } from "../shared/programs";
import { chooseStack, stacksIn } from "../shared/stack-choice";
import { UsageError } from "../shared/usage-error";
import { backupsIn, type Found, pathIn, readIn, writeIn } from "./file";
import { type Difference, differences, type Variables, variablesOf } from "./variables";

type EnvCommandLine = Given<{
  "--stack <name>": string;
  "--cwd <dir>": string;
  "--json": string;
  "--quiet": string;
}>;

interface Task {
  readonly cwd: string;
  readonly found: Found;
  /** The stack of the command line; otherwise that of the file, or the chosen one. */
  readonly stack: () => string;
  /** Prints text, or the value as JSON. */
  readonly print: (value: unknown, text: (palette: Palette) => string) => void;
}

const DIFFERENT = 3;

/** Runs `trellis env` and returns its exit code. */
export function run({ words, flags }: EnvCommandLine): number {
  const [verb = "", ...rest] = words;
  const { cwd = process.cwd(), json, quiet } = flags;
  const found = readIn(cwd);
  const given = rest.length > 0 || flags.stack !== undefined;
  const stack = () =>
    found.state === "own" && !given ? found.stack : chooseStack({ cwd, words: rest, flag: flags.stack });
  const print: Task["print"] = (value, text) => {
    if (json) process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
    else if (!quiet) process.stdout.write(text(paletteFor(process.stdout)));
  };
  const task: Task = { cwd, found, stack, print };
  switch (verb) {
    case "list":
      return list(task);
    case "status":
      return status(task);
    case "diff":
      return diff(task);
    case "pull":
      return pull(task);
    case "switch":
      if (!given) throw new UsageError("switch needs the stack; for example: trellis env switch prod");
      return write(task, stack());
    default:
      throw new UsageError(
        `what to do: given ${verb || "nothing"}, allowed: list, status, diff, pull, switch`,
      );
  }
}

function list({ cwd, found, print }: Task): number {
  const current = found.state === "own" ? found.stack : undefined;
  const stacks = stacksIn(cwd).map((name) => ({ name, current: name === current }));
  print(stacks, ({ accent }) =>
    stacks.map((each) => `${each.current ? accent("*") : " "} ${each.name}\n`).join(""),
  );
  return 0;
}

function status({ cwd, found, print }: Task): number {
  const path = pathIn(cwd);
  const backups = backupsIn(cwd).length;
  if (found.state !== "own") {
    const { state, ...more } = found;
    print({ path, state, ...more, backups }, () =>
      found.state === "absent"
        ? `${path} does not exist; \`trellis env pull\` writes it\n`
        : `${path} is left alone: ${found.why}\n`,
    );
    return 0;
  }
  const { stack, time, variables, secret } = found;
  const facts = { path, state: "own", stack, time, variables: variables.size, secret, backups };
  print(facts, ({ warning }) => {
    const open = secret ? "" : `${warning("warning")}  others can read it: chmod 600 ${path}\n`;
    return `${path}: ${variables.size} variables of ${stack}, of ${time}, ${backups} backups\n${open}`;
  });
  return 0;
}

function diff(task: Task): number {
  const stack = task.stack();
  const changes = differences(variablesOfFile(task.found), outputsOf(task.cwd, stack));
  task.print({ stack, changes }, (palette) => linesFor(changes, palette));
  return changes.length > 0 ? DIFFERENT : 0;
}

function pull(task: Task): number {
  const stack = task.stack();
  if (task.found.state === "own" && task.found.stack !== stack)
    throw new UserError(
      `${pathIn(task.cwd)} is of the stack ${task.found.stack}; to replace it: trellis env switch ${stack}`,
    );
  return write(task, stack);
}

function write({ cwd, found, print }: Task, stack: string): number {
  const fresh = outputsOf(cwd, stack);
  const changes = differences(variablesOfFile(found), fresh);
  print({ stack, changes }, (palette) => linesFor(changes, palette));
  if (changes.length > 0 || found.state !== "own") writeIn(cwd, stack, fresh);
  return 0;
}

const variablesOfFile = (found: Found): Variables => (found.state === "own" ? found.variables : new Map());

/** The stack's outputs from Pulumi's CLI, with their secrets. */
function outputsOf(cwd: string, stack: string): Variables {
  const words = ["stack", "output", "--json", "--show-secrets", "--stack", stack, "--non-interactive"];
  const text = output("pulumi", words, { cwd }).toString();
  return variablesOf(stack, z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
}

function linesFor(changes: readonly Difference[], { accent, warning, error, dim }: Palette): string {
  if (changes.length === 0) return "no variable changes\n";
  const signs = { added: accent("+"), removed: error("-"), changed: warning("~") };
  return changes
    .map(({ name, change, characters }) => `${signs[change]} ${name}  ${dim(`(${characters} characters)`)}\n`)
    .join("");
}
