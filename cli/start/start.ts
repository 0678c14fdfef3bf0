import { runCommand } from "../shared/command-line";
import { parseStartFlags, START } from "./flags";
import { LOCAL } from "./folders";
import { holdFolder } from "./lock";

/** Runs `npm start` and returns its exit code: 1 for a failed step, 2 for a wrong command line, 130 after Ctrl-C. */
export const start = (argv: readonly string[]): Promise<number> =>
  runCommand(START, async () => {
    const flags = parseStartFlags(argv);
    const release = await holdFolder(LOCAL);
    try {
      // Loading the program and its SDK takes seconds, so it happens only after the folder is locked.
      await import("../pulumi-monitor/conceal-literals"); // must precede every import of the SDK
      const { runStack } = await import("./run-stack");
      return await runStack(flags);
    } finally {
      release();
    }
  });
