import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copiedRows, copyIn, copyOut } from "../../../../jobs/backup/dumps/copy-rows";
import { sideBySide } from "../../../../jobs/backup/side-by-side";
import { cutTables, type TableShape } from "../../../../jobs/backup/store/pieces";

const MIB = 2 ** 20;

const table = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 12 }),
    blocks: fc.integer({ min: 0, max: 20_000_000 }),
    toast: fc.integer({ min: 0, max: 2 ** 40 }),
    binary: fc.boolean(),
    columns: fc.constantFrom([], ["id"], ["id", "note"]),
    hashedBy: fc.constantFrom(null, "public.by_stage"),
  })
  .map(({ toast, ...rest }): TableShape => ({ ...rest, schema: "crm", bytes: rest.blocks * 8192 + toast }));

describe("the cutting of tables into pieces", () => {
  it("has every page of a table in exactly one piece, whatever is appended meanwhile", () => {
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 512 }), (shape, mib) => {
        const pieces = cutTables([shape], mib * MIB);
        pieces.forEach((piece, index) => {
          expect(piece.from).toBe(index === 0 ? 0 : pieces[index - 1]?.before);
          if (piece.before !== undefined) expect(piece.before).toBeGreaterThan(piece.from);
        });
        if (pieces.length > 0) expect(pieces.at(-1)?.before).toBeUndefined();
      }),
    );
  });

  it("makes pieces of the size that was asked for, yet never more than can be listed", () => {
    const shape: TableShape = {
      schema: "crm",
      name: "contacts",
      columns: ["id"],
      bytes: 100 * 1024 * MIB,
      blocks: 100 * 1024 * 128,
      binary: true,
      hashedBy: null,
    };
    expect(cutTables([shape], 128 * MIB)).toHaveLength(800);
    expect(cutTables([shape], MIB).length).toBe(2_000);
    expect(cutTables([{ ...shape, bytes: MIB, blocks: 128 }], 128 * MIB)).toEqual([]);
    expect(cutTables([{ ...shape, hashedBy: "public.by_stage" }], MIB)).toEqual([]);
  });

  it("copies exactly the columns and pages of a piece, whatever their names hold", () => {
    const piece = {
      schema: 'o"dd',
      table: "every Type",
      columns: ["id", "a, b"],
      format: "binary" as const,
      from: 128,
      before: 256,
    };
    expect(copyOut(piece, "00000003-1", "UTF8").at(-1)).toBe(
      `--command=COPY (SELECT "id","a, b" FROM ONLY "o""dd"."every Type" ` +
        "WHERE ctid >= '(128,0)' AND ctid < '(256,0)') TO STDOUT WITH (FORMAT binary)",
    );
    expect(copyIn(piece, "UTF8").at(-1)).toBe(
      `--command=COPY "o""dd"."every Type" ("id","a, b") FROM STDIN WITH (FORMAT binary)`,
    );
    expect(copiedRows("SET\nSET\nCOPY 4711\n")).toBe(4711);
  });
});

describe("work side by side", () => {
  const signal = new AbortController().signal;

  it("does everything, never more at a time than allowed, and answers in order", async () => {
    let under = 0;
    let most = 0;
    const answers = await sideBySide([5, 1, 4, 2, 3], { width: 2, signal }, async (item) => {
      most = Math.max(most, ++under);
      for (let turn = 0; turn < item; turn++) await null;
      under--;
      return item * 10;
    });
    expect(answers).toEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
  });

  it("ends all others at the first failure, and throws that one", async () => {
    const ended: number[] = [];
    const work = sideBySide([1, 2, 3, 4], { width: 3, signal }, async (item, stop) => {
      if (item === 2) throw new Error("the second broke");
      await new Promise((resolve) => stop.addEventListener("abort", resolve));
      ended.push(item);
      throw new Error("stopped");
    });
    await expect(work).rejects.toThrow("the second broke");
    expect(ended).toEqual([1, 3]);
  });
});
