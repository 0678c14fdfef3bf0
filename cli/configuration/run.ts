import { runCommand } from "../shared/command-line";
import { CONFIGURATION, parseFlags } from "./flags";
import { open } from "./open";
import { save } from "./save";

/** Runs `npm run backup-configuration` and returns its exit code: 2 for a wrong command line, 1 for any other error. */
export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(CONFIGURATION, async () => {
    const flags = parseFlags(argv);
    process.stdout.write("open" in flags ? open(flags) : await save(flags));
  });
