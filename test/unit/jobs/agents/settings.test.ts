import { describe, expect, it } from "vitest";
import { budgetSetting, poolsSetting, secretsSetting } from "../../../../jobs/agents/config";
import { judge } from "../../../../jobs/agents/evaluate/case";
import { PlainError, safeReason } from "../../../../jobs/agents/safe-reason";
import type { Setting } from "../../../../jobs/shared";

const reading = <T>(setting: Setting<T>, environment: Record<string, string>) =>
  setting.read({ arguments: [], flags: {}, environment });

describe("the agents' settings", () => {
  it.each([
    ["tokens:200000", { tokens: 200_000, cents: undefined }],
    ["cents:5, tokens:1", { tokens: 1, cents: 5 }],
  ])("read a budget: %s", (given, expected) => {
    expect(reading(budgetSetting, { AGENTS_DAILY_BUDGET: given }).value).toEqual(expected);
  });

  it("have no budget where none is given", () => {
    expect(reading(budgetSetting, {}).value).toEqual({ tokens: undefined, cents: undefined });
  });

  it.each(["200000", "tokens:1,tokens:2", "euros:3", "tokens:-1", "tokens:"])(
    "refuse a budget: %s",
    (given) => {
      expect(reading(budgetSetting, { AGENTS_DAILY_BUDGET: given }).problems?.[0]).toMatch(
        /allowed: tokens:200000/,
      );
    },
  );

  it("read pools", () => {
    expect([
      ...(reading(poolsSetting, { AGENTS_POOLS: "follow-up:0, lead-analysis:10" }).value ?? []),
    ]).toEqual([
      ["follow-up", 0],
      ["lead-analysis", 10],
    ]);
  });

  it.each(["follow-up", "follow-up:11", "other:1", "follow-up:1,follow-up:2"])(
    "refuse pools: %s",
    (given) => {
      expect(reading(poolsSetting, { AGENTS_POOLS: given }).problems?.[0]).toMatch(
        /pools: lead-analysis, follow-up/,
      );
    },
  );

  it("refuse a short secret without showing it", () => {
    const { problems } = reading(secretsSetting, { AGENTS_JWT_SECRET: "tooshort" });
    expect(problems?.[0]).toMatch(/at least 32 characters/);
    expect(problems?.[0]).not.toContain("tooshort");
  });
});

describe("the reason of an error", () => {
  it("contains our own words, and of other errors the class or code alone", () => {
    expect(safeReason(new PlainError("the budget is spent"))).toBe("the budget is spent");
    expect(safeReason(new TypeError("Petra's number is 1234"))).toBe("TypeError");
    expect(safeReason(Object.assign(new Error("to petra@example.org"), { code: "ECONNRESET" }))).toBe(
      "Error (ECONNRESET)",
    );
    expect(safeReason("Petra")).not.toContain("Petra");
  });
});

describe("the judgement of an evaluation", () => {
  it("names each field, effect and text that is not as expected", () => {
    const expected = {
      fields: { a: 1, b: ["x", "y"], c: { max: 3 } },
      effects: ["add_note"],
      absent: ["secret"],
    };
    expect(judge(expected, { a: 1, b: "x", c: 3 }, ["add_note"])).toEqual([]);
    expect(judge(expected, { a: 2, b: "z", c: 4, d: "The Secret" }, [])).toHaveLength(5);
  });
});
