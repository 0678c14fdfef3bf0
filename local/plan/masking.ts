import { ANY_SECRET, type Properties, showsPlaceholder, step, type Value } from "../monitor";

/** Takes the secrets out of what is going to be written. */
export interface Masking {
  properties(properties: Properties, secrets: readonly string[]): Properties;
  text(text: string, secret: boolean): string;
}

/**
 * A secret text that shows a placeholder was made from placeholders and stays readable, provided that no literal can
 * have come in beside it; every other secret is replaced whole.
 */
export function masking({ literalsConcealed }: { readonly literalsConcealed: boolean }): Masking {
  const text = (given: string, secret: boolean) =>
    !secret || (literalsConcealed && showsPlaceholder(given)) ? given : ANY_SECRET;

  const whole = (value: Value): Value => {
    if (value === null) return null;
    if (typeof value === "string") return text(value, true);
    if (isList(value)) return value.map(whole);
    if (typeof value === "object") return mapValues(value, (_, inner) => whole(inner));
    return ANY_SECRET;
  };

  const walk = (value: Value, path: string, secrets: ReadonlySet<string>): Value => {
    if (secrets.has(path)) return whole(value);
    if (isList(value)) return value.map((item, index) => walk(item, `${path}[${index}]`, secrets));
    if (typeof value !== "object" || value === null) return value;
    return mapValues(value, (key, inner) => walk(inner, step(path, key), secrets));
  };

  return {
    text,
    properties: (properties, secrets) => {
      const marked = new Set(secrets);
      return mapValues(properties, (key, value) => walk(value, step("", key), marked));
    },
  };
}

function mapValues(of: Properties, map: (key: string, value: Value) => Value): Properties {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, map(key, value)]));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
