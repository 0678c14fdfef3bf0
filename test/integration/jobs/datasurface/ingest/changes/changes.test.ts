import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  areEqual,
  beginAnew,
  openBoth,
  PLATFORMS,
  play,
  sourceHistory,
  startLogicalPostgres,
} from "../../../../../rigs/datasurface/changes";
import { ChangesCrashRig } from "../../../../../rigs/datasurface/changes-crash";
import type { World } from "../../../../../rigs/datasurface/datasurface";
import type { PostgresServer } from "../../../../../rigs/postgres/postgres";

/** Enough for every `npm test`. */
const RUNS = 4;
const KILLS_SEED = 1;

describe("a stream of changes", () => {
  let server: PostgresServer;
  let world: World;
  beforeAll(async () => {
    server = await startLogicalPostgres();
    world = await openBoth(server);
  });
  afterAll(async () => {
    for (const { slot } of await world.source.query<{ slot: string }>(
      "SELECT slot_name AS slot FROM pg_replication_slots",
    ))
      await world.source.query("SELECT pg_drop_replication_slot($1)", [slot]);
    await world.close();
    await server.stop();
  });

  it("has the rows, versions and counts that snapshots have, batch by batch, for any history", async () => {
    await fc.assert(
      fc.asyncProperty(sourceHistory, async (history) => {
        await beginAnew(world);
        for (const transactions of history) {
          await play(world, transactions);
          for (const platform of PLATFORMS) {
            expect(await world.ingest(platform, "Store1")).toBe("done");
            expect(await world.ingest(platform, "Store2")).toBe("done");
            await areEqual(world, platform);
          }
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it("has them also after runs that were killed in the snapshot, in a batch and between", async () => {
    const rig = await ChangesCrashRig.open(server);
    try {
      const pieces = await rig.pieces("YellowForensic");
      await rig.killEachTurn("YellowForensic", pieces, KILLS_SEED);
    } finally {
      await rig.close();
    }
  });
});
