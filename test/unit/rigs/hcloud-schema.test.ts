import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { HCLOUD_TYPES, hcloudKind } from "../../rigs/engine/stand-ins/hcloud";
import { repository } from "../../rigs/platform/stacks";

const flag = z.boolean().default(false);
const SCHEMA = z
  .record(
    z.string(),
    z.record(z.string(), z.object({ replaces: flag, computed: flag, required: flag, optional: flag })),
  )
  .parse(JSON.parse(readFileSync(join(repository, "test/rigs/engine/stand-ins/hcloud-schema.json"), "utf8")));

/** `hcloud:index/primaryIp:PrimaryIp` is `hcloud_primary_ip` in Terraform. */
function resourceOf(type: string) {
  const name = /^hcloud:index\/(\w+):/.exec(type)?.[1] ?? "";
  return SCHEMA[`hcloud_${snake(name)}`];
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

describe("the stand-in of Hetzner's provider", () => {
  it.each(HCLOUD_TYPES)("replaces %s for the inputs for which the provider does", (type) => {
    const attributes = Object.entries(resourceOf(type) ?? {});
    expect(attributes.length).toBeGreaterThan(0);
    const replacing = attributes
      .filter(([, { replaces }]) => replaces)
      .map(([name]) => camel(name))
      .sort();

    const { replacedBy } = hcloudKind(type) ?? {};
    const settable = attributes.filter(([, { required, optional }]) => required || optional);
    const answered = replacedBy === "every input" ? settable.map(([name]) => camel(name)) : replacedBy;
    expect([...(answered as readonly string[])].sort()).toEqual(replacing); // safe: this stand-in has no functions there
  });
});
