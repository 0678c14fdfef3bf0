import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { World } from "../../../../cli/pulumi-monitor/identities";

describe("what a plan hands out", () => {
  it("follows from the name alone", () => {
    const [one, two] = [new World(), new World()];
    two.ipv4("another");

    expect(one.ipv4("node-1")).toBe(two.ipv4("node-1"));
    expect(one.id("node-1")).toBe(two.id("node-1"));
    expect(one.ipv6Prefix("node-1")).toBe(two.ipv6Prefix("node-1"));
  });

  it("is never handed out twice, and never belongs to anybody", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 700 }), (names) => {
        const world = new World();
        const addresses = names.map((name) => world.ipv4(name));
        const prefixes = names.map((name) => world.ipv6Prefix(name));

        expect(new Set(addresses).size).toBe(names.length);
        expect(new Set(prefixes).size).toBe(names.length);
        for (const address of addresses)
          expect(address).toMatch(/^(203\.0\.113|198\.51\.100|198\.18\.\d+)\.\d+$/);
        for (const prefix of prefixes) expect(prefix).toMatch(/^2001:db8:[0-9a-f]+:[0-9a-f]+$/);
      }),
      { numRuns: 20 },
    );
  });
});
