import * as pulumi from "@pulumi/pulumi";

const { specialSigKey, specialSecretSig, specialResourceSig, specialOutputValueSig, unknownValue } =
  pulumi.runtime;

/** A property value after decoding. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
export type Properties = { readonly [key: string]: Value };

/** Replaces a value that is unknown before an `up`. */
export const UNKNOWN = "<unknown>";

/** Decoded properties, and where they contain secrets. */
interface Decoded {
  readonly properties: Properties;
  /** Property paths in Pulumi's notation: `stringData.password`, `networks[0].ip`, `data["tls.key"]`. */
  readonly secrets: readonly string[];
}

/**
 * Decodes Pulumi's wire format: secret marks become paths, resource references become URNs, unknown values become
 * `UNKNOWN`.
 */
export function decodeProperties(wire: Readonly<Record<string, unknown>>): Decoded {
  const secrets: string[] = [];
  const entries = Object.entries(wire).map(([key, value]) => [key, decode(value, step("", key), secrets)]);
  return { properties: Object.fromEntries(entries), secrets };
}

function decode(wire: unknown, path: string, secrets: string[]): Value {
  if (wire === unknownValue) return UNKNOWN;
  if (wire === null || wire === undefined) return null;
  if (typeof wire === "string" || typeof wire === "number" || typeof wire === "boolean") return wire;
  if (Array.isArray(wire)) return wire.map((item, index) => decode(item, `${path}[${index}]`, secrets));
  if (!isRecord(wire)) throw new Error(`a ${typeof wire} at ${path} cannot have come over the wire`);

  switch (wire[specialSigKey]) {
    case specialSecretSig:
      secrets.push(path);
      return decode(wire.value, path, []); // everything inside a secret is secret, so one path is enough
    case specialOutputValueSig:
      if (wire.secret === true) secrets.push(path);
      return "value" in wire ? decode(wire.value, path, wire.secret === true ? [] : secrets) : UNKNOWN;
    case specialResourceSig:
      return decode(wire.urn, path, secrets);
  }
  return Object.fromEntries(
    Object.entries(wire)
      .filter(([key]) => key !== specialSigKey)
      .map(([key, value]) => [key, decode(value, step(path, key), secrets)]),
  );
}

/** Marks a value as secret in Pulumi's wire format, unless it is marked already. */
export function markSecret(wire: unknown): unknown {
  if (isRecord(wire) && wire[specialSigKey] === specialSecretSig) return wire;
  return { [specialSigKey]: specialSecretSig, value: wire };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Appends one key to a property path. */
export function step(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path ? `${path}.${key}` : key;
}
