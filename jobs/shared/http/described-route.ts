import { z } from "zod";

/** The parameters in a path that matches, such as `/gauges/{id}`; undefined for another path. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const [expected, given] = [pattern.split("/"), path.split("/")];
  if (expected.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name) values[name] = given[index] ?? "";
    else if (part !== given[index]) return undefined;
  }
  return values;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema as OpenAPI takes it. */
export function jsonSchema(of: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io, unrepresentable: "any" });
  return rest;
}

/** An answer in JSON, as OpenAPI describes it. */
export const describedAnswer = (description: string, of: z.ZodType) => ({
  description,
  content: { "application/json": { schema: jsonSchema(of, "output") } },
});

/** What `problem` answers. */
export const problemSchema = z.object({ error: z.string() });
