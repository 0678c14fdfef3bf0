import { messageOf } from "../shared/error-message";
import { paletteFor } from "../shared/palette";
import { parseStartFlags, START_USAGE, StartUsageError } from "./flags";
import { LOCAL } from "./folders";
import { holdFolder } from "./lock";

/** Runs `npm start` and returns its exit code: 1 for a step that went wrong, 2 for a wrong command line, 130 after Ctrl-C. */
export async function start(argv: readonly string[]): Promise<number> {
  try {
    const flags = parseStartFlags(argv);
    if (flags === "help") {
      process.stdout.write(START_USAGE);
      return 0;
    }
    const release = await holdFolder(LOCAL);
    try {
      // The program and its SDK take seconds to load, and who is refused need not wait for them.
      await import("../pulumi-monitor/conceal-literals"); // before everything that imports the SDK
      const { runStack } = await import("./run-stack");
      return await runStack(flags);
    } finally {
      release();
    }
  } catch (error) {
    process.stderr.write(`${paletteFor(process.stderr).error("error")}  ${messageOf(error)}\n`);
    return error instanceof StartUsageError ? 2 : 1;
  }
}
