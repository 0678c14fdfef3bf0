import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pack, unpack } from "../../../../components/shared/packed-files";
import { ANY_TEXTS, packedFiles } from "../../../rigs/machine/packed-texts";

const file = (content: string) => ({ path: "/etc/example", mode: "0644", owner: "root:root", content });

describe("packed files", () => {
  it("come out as they went in, certificates, keys and indented lines too", () => {
    fc.assert(
      fc.property(ANY_TEXTS, (texts) => {
        expect([...unpack(pack(packedFiles(texts))).values()]).toEqual(texts);
      }),
    );
  });

  it("refuse a control character that the format uses", () => {
    expect(() => pack([file("a\x01b")])).toThrow("/etc/example contains a control character");
  });

  it("refuse more than a machine unpacks", () => {
    expect(() => pack([file("x".repeat(2 ** 20))])).toThrow(/bytes of files; at most 1048576/);
  });
});
