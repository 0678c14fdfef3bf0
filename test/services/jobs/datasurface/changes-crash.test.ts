import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countOf } from "../../../rigs/counts";
import { PLATFORMS, startLogicalPostgres } from "../../../rigs/datasurface/changes";
import { ChangesCrashRig } from "../../../rigs/datasurface/changes-crash";
import type { PostgresServer } from "../../../rigs/postgres/postgres";

/** Each kills three runs, on each platform. */
const SEEDS = countOf({ usual: 1, full: 34 });

describe("a stream of changes whose runs are killed at many points", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startLogicalPostgres();
  });
  afterAll(() => server.stop());

  it.each(PLATFORMS)("ends each batch as snapshots do: %s", async (platform) => {
    const rig = await ChangesCrashRig.open(server);
    try {
      const pieces = await rig.pieces(platform);
      let killed = 0;
      for (let seed = 1000; seed < 1000 + SEEDS; seed++)
        killed += await rig.killEachTurn(platform, pieces, seed);
      expect(killed).toBeGreaterThan(SEEDS);
    } finally {
      await rig.close();
    }
  });
});
