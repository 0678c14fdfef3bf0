import { runCommand } from "../shared/command-line";
import { parseStartFlags, START } from "./flags";
import { LOCAL } from "./folders";
import { holdFolder } from "./lock";

/** Runs `npm start` and returns its exit code: 1 for a step that went wrong, 2 for a wrong command line, 130 after Ctrl-C. */
export const start = (argv: readonly string[]): Promise<number> =>
  runCommand(START, async () => {
    const flags = parseStartFlags(argv);
    const release = await holdFolder(LOCAL);
    try {
      // The program and its SDK take seconds to load, and who is refused need not wait for them.
      await import("../pulumi-monitor/conceal-literals"); // before everything that imports the SDK
      const { runStack } = await import("./run-stack");
      return await runStack(flags);
    } finally {
      release();
    }
  });
