import { type StartCommandLine, startFlags } from "./flags";
import { LOCAL } from "./folders";
import { holdFolder } from "./lock";
import { claim, refuseForeign } from "./ownership";

/** Runs `trellis start` and returns its exit code: 1 for a failed step, 130 after Ctrl-C. */
export async function start(given: StartCommandLine): Promise<number> {
  const flags = startFlags(given);
  refuseForeign(LOCAL, LOCAL); // before the lock: a copied folder also has the lock of its original
  const release = await holdFolder(LOCAL);
  try {
    claim(LOCAL);
    // Loading the program and its SDK takes seconds, so it happens only after the folder is locked.
    await import("../pulumi-monitor/conceal-literals"); // must precede every import of the SDK
    const { runStack } = await import("./run-stack");
    return await runStack(flags);
  } finally {
    release();
  }
}
