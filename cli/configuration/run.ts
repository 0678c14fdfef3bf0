import { type CommandLine, configurationFlags } from "./flags";
import { open } from "./open";
import { save } from "./save";

/** Runs `trellis backup-configuration`. */
export async function run(given: CommandLine): Promise<void> {
  const flags = configurationFlags(given);
  const said = "open" in flags ? open(flags) : await save(flags);
  if (!given.flags.quiet) process.stdout.write(said);
}
