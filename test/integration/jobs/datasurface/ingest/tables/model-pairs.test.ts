import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countOf } from "../../../../../rigs/counts";
import { modelOf, World } from "../../../../../rigs/datasurface/datasurface";
import { keepsHistory, modelPair } from "../../../../../rigs/datasurface/model-pairs";

/** Each takes about half a second. */
const RUNS = countOf({ usual: 20, full: 40 });

describe("any two valid models, and a history under the first", () => {
  it("refuse the second with nothing changed, or keep every answer about the past", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(modelPair, async (pair) => {
        const world = await World.open(
          modelOf({ S: { datasets: { x: [{ name: "id", type: "integer", key: true }] } } }),
        );
        try {
          seen.add(await keepsHistory(world, pair));
        } finally {
          await world.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect([...seen].sort()).toEqual(["carried through", "refused"]);
  });
});
