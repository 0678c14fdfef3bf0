import { COMMANDS } from "../commands";
import { main } from "./main";

/** Runs a command line of `trellis` and returns the exit code. */
export const trellis = (argv: readonly string[], version: string): Promise<number> =>
  main({ commands: COMMANDS, version, argv });
