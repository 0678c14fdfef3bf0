import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const repository = fileURLToPath(new URL("../../..", import.meta.url));

export const STACKS = ["dev", "staging", "prod"] as const;

/** The settings of one of our stacks as they stand in its file, free to be changed by a test. */
export function rawSettings(stack: (typeof STACKS)[number]): Record<string, unknown> {
  const file = parse(readFileSync(`${repository}/Pulumi.${stack}.yaml`, "utf8"));
  return file.config["trellis:settings"];
}

/** A copy with one value put at a path such as `target.servers.0.location`; undefined removes it. */
export function withValue(
  raw: Record<string, unknown>,
  path: string,
  value: unknown,
): Record<string, unknown> {
  const copy = structuredClone(raw);
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const parent = keys.reduce<object>((object, key) => Reflect.get(object, key), copy);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else Reflect.set(parent, last, value);
  return copy;
}

/** The prod stack's settings on a cluster that others look after. To be evaluated as the stack prod, which is kept. */
export const existingCluster = (target: object = {}): Record<string, unknown> => ({
  ...rawSettings("prod"),
  target: { kind: "existing", nodes: ["192.0.2.0/24"], ...target },
});
