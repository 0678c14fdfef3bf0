import fc from "fast-check";
import { afterAll, beforeAll, it } from "vitest";
import { modelOf, World } from "../../../rigs/datasurface/datasurface";
import { followsTheOracle, storeHistory } from "../../../rigs/datasurface/oracle";
import { followsTheSimulator } from "../../../rigs/datasurface/simulation";
import { type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

describeWith(["initdb"], "ingestion over a long time, on Debian's PostgreSQL 15", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ release: "debian" });
  });
  afterAll(() => server.stop());

  it("follows the simulator through four thousand changes", async () => {
    await followsTheSimulator(server, 4000, 150);
  });

  it("agrees with the oracle on a hundred histories", async () => {
    const world = await World.open(
      modelOf({ Store1: { datasets: { things: [{ name: "id", type: "integer", key: true }] } } }),
      server,
    );
    try {
      await fc.assert(
        fc.asyncProperty(storeHistory, (history) => followsTheOracle(world, history)),
        { numRuns: 100 },
      );
    } finally {
      await world.close();
    }
  });
});
