import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskProperties } from "../../../../cli/plan/masking";
import type { Value } from "../../../../cli/pulumi-monitor";
import { placeholder, showsPlaceholder } from "../../../../cli/shared/placeholders";

const base64 = (content: string | Buffer) => Buffer.from(content).toString("base64");

describe("a text that shows a placeholder", () => {
  it.each([
    ["plain", `a ${placeholder("random:x")} b`],
    ["in a URL", encodeURIComponent(placeholder("random:x"))],
    ["in a URL's user", new URL(`https://${placeholder("value")}@host/`).href],
    ["in base64", `key: ${base64(`some text before ${placeholder("tls:y")}`)}`],
    ["in base64 of gzip", base64(gzipSync(placeholder("value")))],
    ["in base64 of base64", base64(base64(placeholder("value")))],
  ])("is known %s", (_, text) => {
    expect(showsPlaceholder(text)).toBe(true);
  });

  it("is never taken for one when there is none", () => {
    for (const text of [
      "hunter2",
      "<secret",
      "secret",
      base64("a rather long text without any"),
      base64(gzipSync("x")),
    ]) {
      expect(showsPlaceholder(text)).toBe(false);
    }
  });
});

describe("masking", () => {
  it("replaces what is marked, as deep as it goes, and nothing else", () => {
    const properties = {
      open: "a",
      list: [{ pin: 1234, note: "b" }],
      whole: { user: "u", on: true, none: null },
    };

    expect(maskProperties(properties, ["list[0].pin", "whole"])).toEqual({
      open: "a",
      list: [{ pin: "<secret:value>", note: "b" }],
      whole: { user: "<secret:value>", on: "<secret:value>", none: null },
    });
  });

  it("keeps a secret text readable that was made from placeholders", () => {
    const text = `user:${placeholder("random:x")}@host`;

    expect(maskProperties({ "db.url": text, alone: "hunter2" }, ['["db.url"]', "alone"])).toEqual({
      "db.url": text,
      alone: "<secret:value>",
    });
  });

  it("lets no marked value through, whatever its shape", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const masked = maskProperties({ secret: value as Value }, ["secret"]); // any JSON is a Value
        for (const text of leaves(masked.secret)) expect(text).toBe("<secret:value>");
      }),
    );
  });
});

function leaves(value: unknown): unknown[] {
  if (value === null) return [];
  if (typeof value !== "object") return [value];
  return Object.values(value).flatMap(leaves);
}
