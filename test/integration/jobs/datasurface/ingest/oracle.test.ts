import fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { modelOf, World } from "../../../../rigs/datasurface/datasurface";
import { followsTheOracle, storeHistory } from "../../../../rigs/datasurface/oracle";

/** Enough for every `npm test`; the service tests draw many more. */
const RUNS = 8;

describe("ingestion, against an oracle written from the definitions", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(
      modelOf({ Store1: { datasets: { things: [{ name: "id", type: "integer", key: true }] } } }),
    );
  });
  afterAll(() => world.close());

  it("agrees on tables, counts, views and the past, for any history of any types", async () => {
    await fc.assert(
      fc.asyncProperty(storeHistory, (history) => followsTheOracle(world, history)),
      { numRuns: RUNS },
    );
  });
});
