import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copiedFields } from "../../../../jobs/datasurface/ingest/changes/copied-fields";
import { parseLsn, renderLsn } from "../../../../jobs/datasurface/ingest/changes/lsn";
import { leftAt, publicationName, slotNames } from "../../../../jobs/datasurface/ingest/changes/slot";
import { findStream } from "../../../../jobs/datasurface/model";
import { bothCaptures } from "../../../rigs/datasurface/changes";
import { modelOf } from "../../../rigs/datasurface/datasurface";

describe("a position in the log", () => {
  it("reads as it is written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lsn) => {
        expect(parseLsn(renderLsn(lsn))).toBe(lsn);
      }),
    );
    expect(renderLsn(0x16b374d848n)).toBe("16/B374D848");
  });

  it("of a failover is where the former timeline ended", () => {
    const history = "1\t0/3000060\tno recovery target specified\n\n2\t0/5000110\tafter a switchover\n";
    expect(leftAt(history, 1)).toBe(0x3000060n);
    expect(leftAt(history, 2)).toBe(0x5000110n);
    expect(leftAt(history, 3)).toBeUndefined();
  });
});

describe("the fields of a binary COPY", () => {
  const integer = (value: number, bytes: number) => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeUIntBE(value, 0, bytes);
    return buffer;
  };

  it("are the same however the bytes are divided", async () => {
    const content = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        async (fields, sizes) => {
          const rows = fields.flatMap((field) => [
            integer(1, 2),
            integer(field.length, 4),
            Buffer.from(field),
          ]);
          const bytes = Buffer.concat([
            Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"),
            Buffer.alloc(8),
            ...rows,
            integer(0xffff, 2),
          ]);
          const chunks = async function* () {
            for (let at = 0, turn = 0; at < bytes.length; turn++) {
              const size = sizes[turn % sizes.length] ?? 1;
              yield bytes.subarray(at, at + size);
              at += size;
            }
          };
          const found: string[] = [];
          for await (const some of copiedFields(chunks()))
            found.push(...some.map((each) => each.toString("hex")));
          expect(found).toEqual(fields.map((field) => Buffer.from(field).toString("hex")));
        },
      ),
    );
  });
});

describe("a store of kind sql_changes", () => {
  const merge = {
    host: "h",
    port: 1,
    user: "u",
    password: undefined,
    sslmode: "disable",
    certificateAuthority: undefined,
  } as const;

  it("has slots of its own for each platform and merge database, by names that PostgreSQL takes", () => {
    const model = modelOf(bothCaptures());
    const of = (platform: string, database: string) =>
      slotNames(findStream(model, { platform, store: "Store1" }), { ...merge, database });
    const names = [...of("YellowLive", "a"), ...of("YellowForensic", "a"), ...of("YellowLive", "b")];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^trellis_[a-z0-9_]{1,55}$/);
    const stream = findStream(model, { platform: "YellowLive", store: "Store1" });
    expect(publicationName({ ...stream, key: "x".repeat(200) }).length).toBeLessThanOrEqual(63);
  });

  it("needs a key in each dataset, and a publication needs such a store", () => {
    const datasets = { things: [{ name: "id", type: "integer" }] };
    expect(() => modelOf({ Store1: { datasets, kind: "sql_changes" } })).toThrow(
      /Store1\.things: has no key/,
    );
    expect(() => modelOf({ Store1: { datasets, publication: "theirs" } })).toThrow(
      /only a store of kind sql_changes reads one/,
    );
  });
});
