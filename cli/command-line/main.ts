import { type Command, PROGRAM } from "../shared/command";
import { messageOf } from "../shared/error-message";
import { paletteFor } from "../shared/palette";
import { UsageError } from "../shared/usage-error";
import { readCommandLine, WrongCommandLine } from "./read-command-line";

interface MainArgs {
  readonly commands: readonly Command[];
  readonly version: string;
  readonly argv: readonly string[];
}

/**
 * Runs a command line and returns the exit code: that of the command, 2 for a wrong command line, 1 for every other
 * error. Errors go to stderr.
 */
export async function main({ commands, version, argv }: MainArgs): Promise<number> {
  let name: string | undefined;
  let endsProcess = false;
  try {
    const read = readCommandLine(commands, version, argv);
    if ("text" in read) {
      process.stdout.write(read.text);
      return 0;
    }
    name = read.command.name;
    endsProcess = read.command.endsProcess ?? false;
    process.on("uncaughtException", (error) => process.exit(failed(error, name)));
    return (await read.command.run(read.given, { commands })) ?? 0;
  } catch (error) {
    return failed(error, error instanceof WrongCommandLine ? error.command : name);
  } finally {
    if (endsProcess) setImmediate(() => process.exit());
  }
}

/** Prints an error, and where the help is for a wrong command line. Returns the exit code. */
function failed(error: unknown, name: string | undefined): number {
  const wrongUsage = error instanceof UsageError;
  const hint = wrongUsage ? `see: ${PROGRAM} ${name === undefined ? "" : `${name} `}--help\n` : "";
  process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${messageOf(error)}\n${hint}`);
  return wrongUsage ? 2 : 1;
}
