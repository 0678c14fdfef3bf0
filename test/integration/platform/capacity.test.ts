import { describe, expect, it } from "vitest";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, STACKS, withValue } from "../../rigs/platform/stacks";

describe("the capacity of a stack's servers", () => {
  it.each(STACKS)(
    "suffices for %s, its upgrades and its Jobs, and is shown in every preview",
    async (stack) => {
      const { logs } = await evaluatePlatform(rawSettings(stack), stack);
      const shown = logs.filter(({ message }) => message.startsWith("capacity: pods ask for"));

      expect(shown.map(({ severity }) => severity)).toEqual(["info"]);
      expect(logs.filter(({ message }) => /capacity: if .* is lost/.test(message))).toEqual([]);
    },
  );

  it("stops a preview whose pods cannot all be scheduled", async () => {
    const raw = withValue(rawSettings("dev"), "minio", { memoryMib: 2048 });
    await expect(evaluatePlatform(raw, "dev")).rejects.toThrow(/The servers cannot carry the stack/);
  });
});
