import { describe, it } from "vitest";
import { type Command, CrashRig } from "../../../../rigs/datasurface/crash";
import { sharedPostgres } from "../../../../rigs/postgres/postgres";

/** One point of each for every `npm test`; the service test kills at two hundred. */
const SEED = 1;
const COMMANDS: readonly Command[] = ["first load", "live batch", "forensic batch", "reset", "reconcile"];

describe("a job that is killed", () => {
  it.each(COMMANDS)("ends as if undisturbed when it runs again: %s", async (command) => {
    const rig = await CrashRig.open(command, sharedPostgres());
    try {
      await rig.killAndRecover(SEED);
    } finally {
      await rig.close();
    }
  });
});
