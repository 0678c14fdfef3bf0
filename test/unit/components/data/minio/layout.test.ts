import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adviceOn,
  type DriveLayout,
  judgeLayout,
  KEEPS_READS,
  KEEPS_WRITES,
  minioShape,
  parseSettings,
  readQuorum,
  writeQuorum,
} from "../../../../../components/settings";
import { rawSettings, withValue } from "../../../../rigs/platform/stacks";

const layouts: fc.Arbitrary<DriveLayout> = fc
  .tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 16 }))
  .filter(([pods, drivesPerPod]) => pods * drivesPerPod <= 16)
  .chain(([pods, drivesPerPod]) =>
    fc.record({
      pods: fc.constant(pods),
      drivesPerPod: fc.constant(drivesPerPod),
      parity: fc.integer({ min: 0, max: Math.floor((pods * drivesPerPod) / 2) }),
    }),
  );
const nodes = fc.integer({ min: 1, max: 20 });

function shapeOf(raw: Record<string, unknown>) {
  const { environment, minio } = parseSettings(raw);
  if (minio.kind === "external") throw new Error("these settings are of another store");
  return minioShape({ environment, minio });
}

const minioAdvice = (raw: Record<string, unknown>) =>
  adviceOn(parseSettings(raw)).filter((each) => each.startsWith("minio:"));

describe("the layout of MinIO's drives", () => {
  it("of four single drives over three nodes loses writes, not reads, with the node that has two", () => {
    expect(judgeLayout({ pods: 4, drivesPerPod: 1, parity: 2 }, 3)).toEqual([
      { pods: 2, drivesLeft: 2, reads: true, writes: false },
      { pods: 1, drivesLeft: 3, reads: true, writes: true },
    ]);
  });

  it("of three pods with two drives keeps both, whichever node is lost", () => {
    expect(judgeLayout({ pods: 3, drivesPerPod: 2, parity: 2 }, 3)).toEqual([
      { pods: 1, drivesLeft: 4, reads: true, writes: true },
    ]);
  });

  it("never needs more to read than to write, and never writes to half of the drives", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        expect(readQuorum(layout)).toBeLessThanOrEqual(writeQuorum(layout));
        expect(2 * writeQuorum(layout)).toBeGreaterThan(layout.pods * layout.drivesPerPod);
      }),
    );
  });

  it("never keeps writes without reads, and the fuller node's loss is never the lesser one", () => {
    fc.assert(
      fc.property(layouts, nodes, (layout, count) => {
        const losses = judgeLayout(layout, count);
        expect(losses.length).toBeGreaterThan(0);
        for (const { reads, writes } of losses) expect(reads || !writes).toBe(true);
        const left = losses.map(({ drivesLeft }) => drivesLeft);
        expect(left).toEqual([...left].sort((a, b) => a - b));
      }),
    );
  });

  it("loses nothing less with more parity, where data and parity are not halves", () => {
    fc.assert(
      fc.property(layouts, nodes, (layout, count) => {
        const stronger = { ...layout, parity: layout.parity + 1 };
        fc.pre(2 * stronger.parity < layout.pods * layout.drivesPerPod);
        judgeLayout(layout, count).forEach(({ reads, writes }, index) => {
          const then = judgeLayout(stronger, count)[index];
          expect(then?.reads || !reads).toBe(true);
          expect(then?.writes || !writes).toBe(true);
        });
      }),
    );
  });

  it("that is named as the better one keeps what it says when any node dies; two nodes keep no writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 20 }), (count) => {
        for (const loss of judgeLayout(KEEPS_WRITES, count))
          expect(loss).toMatchObject({ reads: true, writes: true });
      }),
    );
    expect(judgeLayout(KEEPS_READS, 2)).toMatchObject([{ reads: true, writes: false }]);
    fc.assert(
      fc.property(layouts, fc.constantFrom(1, 2), (layout, count) => {
        expect(judgeLayout(layout, count)[0]?.writes).toBe(false);
      }),
    );
  });
});

describe("the settings of MinIO", () => {
  it.each(["staging", "prod"] as const)(
    "of %s keep reads and writes when any of its three nodes dies",
    (stack) => {
      expect(shapeOf(rawSettings(stack))).toEqual({ pods: 3, drivesPerPod: 2, parity: 2, memoryMib: 1024 });
      expect(minioAdvice(rawSettings(stack))).toEqual([]);
    },
  );

  it("of dev are one small server with one drive", () => {
    expect(shapeOf(rawSettings("dev"))).toEqual({ pods: 1, drivesPerPod: 1, parity: 0, memoryMib: 512 });
    expect(minioAdvice(rawSettings("dev"))).toEqual([]);
  });

  it("take four pods over three nodes, and say at each preview what that loses and what would not", () => {
    const raw = withValue(rawSettings("prod"), "minio", { pods: 4 });

    expect(shapeOf(raw)).toMatchObject({ pods: 4, drivesPerPod: 1, parity: 2 });
    expect(minioAdvice(raw)).toEqual([
      "minio: 4 pods of 1 drive, EC:2 on 3 nodes: the loss of a node with 2 pods leaves 2 of 4 drives, so objects can be read but not written; 3 pods of 2 drives, EC:2 keeps reads and writes. A deployed layout is permanent (docs/minio.md)",
    ]);
  });

  it("name no other layout when servers come or go, since one layout is for good", () => {
    for (const count of [2, 4, 6]) {
      const raw = withValue(rawSettings("staging"), "target.servers.1.count", count);
      expect(shapeOf(raw)).toMatchObject({ pods: 3, drivesPerPod: 2, parity: 2 });
    }
  });

  it("are refused in prod where two nodes could not be read with one lost, and name the layout that can", () => {
    const servers = [{ location: "fsn1", types: ["ccx23"], count: 2 }];
    const raw = withValue(rawSettings("prod"), "target.servers", servers);

    expect(() => parseSettings(raw)).toThrow("; 2 pods of 2 drives, EC:2 keeps reads");
    expect(() => parseSettings(withValue(raw, "minio", { pods: 2 }))).not.toThrow(/minio/);
  });
});
