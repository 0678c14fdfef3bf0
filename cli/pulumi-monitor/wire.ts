import * as pulumi from "@pulumi/pulumi";

const { specialSigKey, specialSecretSig, specialResourceSig, specialOutputValueSig, unknownValue } =
  pulumi.runtime;

/** What a property can be once it has been read from the wire. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
export type Properties = { readonly [key: string]: Value };

/** Stands where a value would be known only after an `up`. */
export const UNKNOWN = "<unknown>";

/** Properties as a program meant them, and where in them secrets were marked. */
interface Decoded {
  readonly properties: Properties;
  /** Paths in Pulumi's own notation: `stringData.password`, `networks[0].ip`, `data["tls.key"]`. */
  readonly secrets: readonly string[];
}

/** Reads properties from Pulumi's wire form: marks become paths, references become URNs, unknowns are named. */
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
      return decode(wire.value, path, []); // what is inside a secret is secret: one path says it
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

/** Marks a value as a secret in Pulumi's wire form; one that is marked already stays as it is. */
export function markSecret(wire: unknown): unknown {
  if (isRecord(wire) && wire[specialSigKey] === specialSecretSig) return wire;
  return { [specialSigKey]: specialSecretSig, value: wire };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One step down a property path. */
export function step(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path ? `${path}.${key}` : key;
}
