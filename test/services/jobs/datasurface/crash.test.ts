import { afterAll, beforeAll, expect, it } from "vitest";
import { countOf } from "../../../rigs/counts";
import { type Command, CrashRig } from "../../../rigs/datasurface/crash";
import { type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

/** For each command. */
const POINTS = countOf({ usual: 6, full: 40 });
const COMMANDS: readonly Command[] = ["first load", "live batch", "forensic batch", "reset", "reconcile"];

describeWith(["initdb"], "a job that is killed at many points, on Debian's PostgreSQL 15", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ release: "debian" });
  });
  afterAll(() => server.stop());

  it.each(COMMANDS)("ends as if undisturbed when it runs again: %s", async (command) => {
    const rig = await CrashRig.open(command, server);
    try {
      let killed = 0;
      for (let seed = 1000; seed < 1000 + POINTS; seed++) killed += Number(await rig.killAndRecover(seed));
      expect(killed).toBeGreaterThan(POINTS / 2);
    } finally {
      await rig.close();
    }
  });
});
