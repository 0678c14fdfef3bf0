import { UserError } from "../../components/shared/user-error";
import { UserError as JobsError } from "../../jobs/shared";
import { UsageError } from "../plan";
import { paletteFor } from "../shared/palette";
import { parseFlags, USAGE } from "./flags";
import { open } from "./open";
import { save } from "./save";

/** Runs `npm run backup-configuration` and returns its exit code: 2 for a wrong command line, 1 for all else that is wrong. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const flags = parseFlags(argv);
    const told = flags === "help" ? USAGE : "open" in flags ? open(flags) : await save(flags);
    process.stdout.write(told);
    return 0;
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof JobsError)) throw error;
    process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
