import { type Properties, step, type Value } from "../pulumi-monitor";
import { ANY_SECRET, showsPlaceholder } from "../shared/placeholders";

/**
 * Masks a secret for a file. Inside a plan, secrets are placeholders (see conceal-literals.ts), and text made from
 * placeholders stays readable. Any other text is replaced as a whole.
 */
export function maskText(text: string): string {
  return showsPlaceholder(text) ? text : ANY_SECRET;
}

/** Masks the values at the given property paths, with everything below them. */
export function maskProperties(properties: Properties, secrets: readonly string[]): Properties {
  const marked = new Set(secrets);
  return mapValues(properties, (key, value) => walk(value, step("", key), marked));
}

function walk(value: Value, path: string, secrets: ReadonlySet<string>): Value {
  if (secrets.has(path)) return mask(value);
  if (isList(value)) return value.map((item, index) => walk(item, `${path}[${index}]`, secrets));
  if (typeof value !== "object" || value === null) return value;
  return mapValues(value, (key, inner) => walk(inner, step(path, key), secrets));
}

function mask(value: Value): Value {
  if (value === null) return null;
  if (typeof value === "string") return maskText(value);
  if (isList(value)) return value.map(mask);
  if (typeof value === "object") return mapValues(value, (_, inner) => mask(inner));
  return ANY_SECRET;
}

function mapValues(of: Properties, map: (key: string, value: Value) => Value): Properties {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, map(key, value)]));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
