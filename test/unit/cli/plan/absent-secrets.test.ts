import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { withAbsentSecrets } from "../../../../cli/plan/absent-secrets";
import { readStack } from "../../../../cli/plan/stack-file";

const production = () => readStack(resolve("."), "trellis", "prod");

describe("secrets that nobody has set yet", () => {
  it("are placeholders, so that a fresh checkout can be planned, and are named", () => {
    const { config, secretKeys, absent } = withAbsentSecrets(production());

    const keys = absent.map(({ key }) => key);
    expect(keys).toContain("trellis:hcloudToken");
    for (const key of keys) expect(config[key]).toBe(`<secret:${key}-not-set-yet>`);
    expect(secretKeys).toEqual(expect.arrayContaining(keys));
  });

  it("are left alone when they are set", () => {
    const { config, secretKeys } = production();
    const set = { config: { ...config, "trellis:hcloudToken": "<secret:trellis:hcloudToken>" }, secretKeys };

    const completed = withAbsentSecrets(set);

    expect(completed.absent.map(({ key }) => key)).not.toContain("trellis:hcloudToken");
    expect(completed.config["trellis:hcloudToken"]).toBe("<secret:trellis:hcloudToken>");
  });

  it("are not asked for where the settings are wrong: the program says so itself", () => {
    for (const settings of ["{}", "not JSON", '{"environment":"prod"}']) {
      const stack = { config: { "trellis:settings": settings }, secretKeys: [] };
      expect(withAbsentSecrets(stack)).toEqual({ ...stack, absent: [] });
    }
  });
});
