import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodesOf, parseSettings, SettingsError } from "../../../../components/settings";
import { countOf } from "../../../rigs/counts";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

const PATHS = leafPaths(rawSettings("prod"));

describe("any settings at all", () => {
  it("either become settings whose nodes can be named, or an error for their author; never a crash", () => {
    const path = fc.constantFrom(...PATHS);
    const changes = fc.array(fc.tuple(path, fc.oneof(fc.anything(), hostileText())), {
      minLength: 1,
      maxLength: 4,
    });

    fc.assert(
      fc.property(changes, (mutations) => {
        const raw = mutations.reduce(mutate, rawSettings("prod"));
        try {
          const { target } = parseSettings(raw);
          if (target.kind === "hetzner") expect(nodesOf(target).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
        }
      }),
      { numRuns: countOf({ usual: 200, full: 500 }) },
    );
  });

  it("let no text through that could end a line or begin a command where it is written", () => {
    const place = fc.constantFrom(
      "domain",
      "contact",
      "cluster",
      "offsite.endpoint",
      "offsite.bucket",
      "offsite.region",
    );

    fc.assert(
      fc.property(place, hostileText(), (path, text) => {
        expect(() => parseSettings(withValue(rawSettings("prod"), path, text))).toThrow(SettingsError);
      }),
    );
  });

  it("cannot be changed once they are parsed", () => {
    const settings = parseSettings(rawSettings("prod"));

    expect(() => Object.assign(settings.target, { kind: "existing" })).toThrow(TypeError);
  });
});

function hostileText(): fc.Arbitrary<string> {
  const bait = fc.constantFrom(
    "\n",
    "\r",
    "\0",
    "'",
    '"',
    "`",
    "$(id)",
    ";",
    "&&",
    "|",
    " ",
    "<",
    "{{",
    "../",
    "%0a",
    "\u2028",
  );
  return fc.tuple(fc.string(), bait, fc.string()).map((parts) => parts.join(""));
}

/** Puts a value at a path, or leaves the settings as they are where an earlier change took the path away. */
function mutate(raw: Record<string, unknown>, [path, value]: [string, unknown]): Record<string, unknown> {
  try {
    return withValue(raw, path, value);
  } catch {
    return raw;
  }
}

function leafPaths(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    return [path, ...leafPaths(inner, path)];
  });
}
