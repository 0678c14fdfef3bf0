import { afterEach, describe, expect, it, vi } from "vitest";
import { surveyAccount } from "../../../../../components/servers/hetzner";
import { inStock } from "../../../../../components/servers/hetzner/account";
import { UserError } from "../../../../../components/shared/user-error";
import { evaluateStack } from "../../../../rigs/evaluate";

describe("the survey of the account", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("needs no token where a stand-in answers", async () => {
    const surveys: Awaited<ReturnType<typeof surveyAccount>>[] = [];
    await evaluateStack({ program: async () => void surveys.push(await surveyAccount("trellis")) });

    expect(surveys[0]?.servers.size).toBe(0);
    expect(surveys.map((survey) => inStock(survey, "ccx23", "hil"))).toEqual([true]);
    expect(surveys.map((survey) => inStock(survey, "cx23", "hil"))).toEqual([false]);
  });

  // Outside of an evaluation nobody answers the provider's functions.
  it("asks for the token by name when nobody answers and there is none", async () => {
    vi.stubEnv("HCLOUD_TOKEN", undefined);

    const refused = surveyAccount("trellis");
    await expect(refused).rejects.toBeInstanceOf(UserError);
    await expect(refused).rejects.toThrow(/^hcloud:token: missing.*pulumi config set --secret hcloud:token/);
  });

  it("passes on what Hetzner said when there is a token, and never the token", async () => {
    vi.stubEnv("HCLOUD_TOKEN", "a-token-of-nobody");

    const refused = surveyAccount("trellis");
    await expect(refused).rejects.toThrow(/^The list of servers cannot be read from Hetzner: .+/);
    await expect(refused).rejects.not.toThrow(/a-token-of-nobody/);
  });
});
