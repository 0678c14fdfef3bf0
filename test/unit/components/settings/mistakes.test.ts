import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseSettings, SettingsError, settingsSchema } from "../../../../components/settings";
import { rawSettings, repository, type STACKS, withValue } from "../../../rigs/platform/stacks";

interface Mistake {
  readonly in: (typeof STACKS)[number];
  readonly set: string;
  readonly to?: unknown;
  readonly says: readonly string[];
}

const MISTAKES: readonly Mistake[] = parse(
  readFileSync(`${repository}/test/rigs/settings/mistakes.yaml`, "utf8"),
);

/** The sentences name them all; a new block changes none of the table. */
const TOP = Object.keys(settingsSchema.shape).join(", ");

/** What every sentence has: the setting, what was given, what is allowed, and what to do. */
const SENTENCE = /^[\w.[\]"-]+: (missing|given .+); allowed: .+; .+$/;

const sentencesOn = (raw: unknown): string[] => {
  try {
    parseSettings(raw);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ""));
  }
  return [];
};

describe("a frequent mistake in the settings", () => {
  it("is one of more than sixty that a person has read", () => {
    expect(MISTAKES.length).toBeGreaterThan(60);
  });

  it.each(MISTAKES.map((each) => [`${each.set}: ${JSON.stringify(each.to) ?? "removed"}`, each] as const))(
    "%s gets the sentence that mends it",
    (_, { in: stack, set, to, says }) => {
      const sentences = sentencesOn(withValue(rawSettings(stack), set, to));

      expect(sentences).toEqual(says.map((each) => each.replace("{names at the top}", TOP)));
      for (const sentence of sentences) expect(sentence).toMatch(SENTENCE);
    },
  );

  it("never puts a secret or a password into a message", () => {
    const raw = {
      ...rawSettings("prod"),
      hcloudToken: "hunter2hunter2",
      offsite: { endpoint: "https://me:hunter2@s3.example.com", bucket: "b", password: "hunter2" },
    };
    expect(sentencesOn(raw).length).toBeGreaterThan(2);
    expect(sentencesOn(raw).join()).not.toContain("hunter2");
  });
});
