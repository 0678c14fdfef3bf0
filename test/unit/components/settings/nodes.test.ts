import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type HetznerTarget,
  nodesOf,
  parseSettings,
  worstRoundTripMs,
} from "../../../../components/settings";
import { rawSettings, STACKS } from "../../../rigs/platform/stacks";

describe("the nodes of a stack", () => {
  it.each(STACKS)("derive from the settings of %s", (stack) => {
    expect(
      nodesOf(hetzner(rawSettings(stack))).map(({ name, privateAddress }) => [name, privateAddress]),
    ).toEqual(
      {
        dev: [["ubuntu-8gb-fsn1-1", "10.0.1.10"]],
        staging: [
          ["ubuntu-8gb-ash-1", undefined],
          ["ubuntu-8gb-ash-2", undefined],
          ["ubuntu-8gb-hil-1", undefined],
        ],
        prod: [
          ["ubuntu-16gb-fsn1-1", "10.0.1.10"],
          ["ubuntu-16gb-hel1-1", "10.0.3.10"],
          ["ubuntu-16gb-nbg1-1", "10.0.2.10"],
        ],
      }[stack],
    );
  });

  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 30 });

  it("keep name and address when any other node comes or goes", () => {
    fc.assert(
      fc.property(numbers, numbers, fc.nat(), (inFsn, inHel, pick) => {
        const before = agents({ fsn1: inFsn, hel1: inHel });
        const without = inFsn.filter((_, index) => index !== pick % inFsn.length);
        const after = agents({ fsn1: without, hel1: inHel });

        expect(before.filter((node) => after.some(({ name }) => name === node.name))).toEqual(after);
        expect(before.length - after.length).toBe(1);
      }),
    );
  });

  it("never share a name or an address, and stay inside the network", () => {
    fc.assert(
      fc.property(numbers, numbers, (inFsn, inHel) => {
        const nodes = agents({ fsn1: inFsn, hel1: inHel });

        expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
        expect(new Set(nodes.map(({ privateAddress }) => privateAddress)).size).toBe(nodes.length);
        for (const { privateAddress } of nodes) expect(privateAddress).toMatch(/^10\.0\.[1-9]\.\d+$/);
      }),
    );
  });

  it("do not depend on the order in which the file lists them", () => {
    const raw = rawSettings("prod");
    const target = hetzner(raw);

    expect(nodesOf({ ...target, servers: [...target.servers].reverse() })).toEqual(nodesOf(target));
  });
});

describe("round trips", () => {
  it("are known between all locations that a cluster may stretch over", () => {
    expect(worstRoundTripMs(["fsn1", "nbg1", "hel1", "ash", "hil", "sin"])).toBe(225);
    expect(worstRoundTripMs(["fsn1"])).toBe(1);
    expect(worstRoundTripMs(["hil", "ash", "ash"])).toBe(65);
  });
});

function hetzner(raw: Record<string, unknown>): HetznerTarget {
  const { target } = parseSettings(raw);
  if (target.kind !== "hetzner") throw new Error("not a stack with servers");
  return target;
}

function agents(locations: { fsn1: number[]; hel1: number[] }) {
  const raw = rawSettings("dev");
  const group = (location: keyof typeof locations) => ({
    location,
    types: ["cx33"],
    roles: ["workload"],
    numbers: locations[location],
  });
  const servers = [{ location: "nbg1", types: ["cx43"] }, group("fsn1"), group("hel1")];
  return nodesOf(hetzner({ ...raw, target: { ...Object(raw.target), servers } }));
}
