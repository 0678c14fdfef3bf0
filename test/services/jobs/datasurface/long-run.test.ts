import fc from "fast-check";
import { afterAll, beforeAll, it } from "vitest";
import { countOf } from "../../../rigs/counts";
import { modelOf, World } from "../../../rigs/datasurface/datasurface";
import { followsTheOracle, storeHistory } from "../../../rigs/datasurface/oracle";
import { followsTheSimulator } from "../../../rigs/datasurface/simulation";
import { type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

const CHANGES = countOf({ usual: 1_000, full: 4_000 });
const HISTORIES = countOf({ usual: 15, full: 100 });

describeWith(["initdb"], "ingestion over a long time, on Debian's PostgreSQL 15", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ release: "debian" });
  });
  afterAll(() => server.stop());

  it("follows the simulator through a thousand changes or more", async () => {
    await followsTheSimulator(server, CHANGES, 150);
  });

  it("agrees with the oracle on random histories", async () => {
    const world = await World.open(
      modelOf({ Store1: { datasets: { things: [{ name: "id", type: "integer", key: true }] } } }),
      server,
    );
    try {
      await fc.assert(
        fc.asyncProperty(storeHistory, (history) => followsTheOracle(world, history)),
        { numRuns: HISTORIES },
      );
    } finally {
      await world.close();
    }
  });
});
