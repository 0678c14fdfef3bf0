import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { settingsSchema } from "../../../components/settings/schema";
import { repository } from "../../support/stacks";

const reference = readFileSync(`${repository}/docs/settings.md`, "utf8");

it("docs/settings.md describes every setting that there is, and none that there is not", () => {
  const described = [...reference.matchAll(/^\| `([^`:]+)` \|/gm)].map(([, path]) => path);

  expect(new Set(described)).toEqual(new Set(paths(z.toJSONSchema(settingsSchema, { io: "input" }))));
});

type Schema = z.core.JSONSchema.JSONSchema;

/** The paths of all settings that hold a value: lists of objects as `[]`, maps as `.<name>`. */
function paths(root: Schema): string[] {
  const walk = (schema: Schema, path: string): string[] => {
    if (schema.$ref) return walk(root.$defs?.[schema.$ref.replace("#/$defs/", "")] ?? {}, path);
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) return choices.flatMap((choice) => walk(choice, path));
    if (schema.properties) {
      return Object.entries(schema.properties).flatMap(([key, inner]) =>
        walk(Object(inner), path ? `${path}.${key}` : key),
      );
    }
    if (schema.type === "array" && Object(schema.items).type === "object")
      return walk(Object(schema.items), `${path}[]`);
    if (typeof schema.additionalProperties === "object")
      return walk(schema.additionalProperties, `${path}.<name>`);
    return [path];
  };
  return walk(root, "");
}
