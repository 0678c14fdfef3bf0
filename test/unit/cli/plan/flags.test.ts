import { describe, expect, it } from "vitest";
import { planFlags } from "../../../../cli/plan/flags";

describe("the command line of a plan", () => {
  it("names a stack, and everything else has a default", () => {
    const defaults = { stack: "dev", cwd: process.cwd(), json: false, quiet: false };
    expect(planFlags({ words: ["dev"], flags: {} })).toEqual(defaults);
    const given = { out: "o", configFile: "f", cwd: "c", json: true } as const;
    expect(planFlags({ words: ["dev"], flags: given })).toEqual({ ...defaults, ...given });
    expect(planFlags({ words: [], flags: { stack: "dev" } })).toEqual(defaults);
  });
});
