import { describe, expect, it } from "vitest";
import { sizeChange } from "../../../../../components/data/volumes/size-guard";

describe("a change of volumes' sizes", () => {
  const change = (after: Record<string, number>, grows?: boolean) =>
    sizeChange({ "data-postgres-0": 60 }, after, { setting: "postgres.volumeGib", grows });

  it("is refused where a volume would shrink", () => {
    expect(change({ "data-postgres-0": 40 }, true)).toEqual({
      refused: true,
      message: expect.stringMatching(
        /^postgres\.volumeGib: the volume data-postgres-0 has 60 GiB and would have 40 GiB, and volumes never shrink\. Raise it again/,
      ),
    });
  });

  it("happens without a word where the class can grow volumes, and for new members", () => {
    expect(change({ "data-postgres-0": 80 }, true)).toBeUndefined();
    expect(change({ "data-postgres-0": 60, "data-postgres-1": 60 }, false)).toBeUndefined();
  });

  it("says what to do where the class cannot, or may not", () => {
    expect(change({ "data-postgres-0": 80 }, false)?.message).toContain("volumes of local-path cannot grow");
    expect(change({ "data-postgres-0": 80 })?.message).toContain("grow if their storage class allows it");
  });
});
