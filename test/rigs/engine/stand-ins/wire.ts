/** A resource's properties as they travel between the engine and a provider. */
export type Properties = Readonly<Record<string, unknown>>;

/** How Pulumi's protocol marks a value that is more than its JSON; the marks are fixed by the protocol. */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** What stands for a value that is not known before an update has run. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The value itself, without marks at any depth. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  if (value[MARK] === SECRET || value[MARK] === OUTPUT)
    return "value" in value ? plain(value.value) : UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

export function plainProperties(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, plain(value)]));
}

/** Properties as an exported state writes them (a secret is JSON in a string), as they travel. */
export function stateProperties(properties: Properties): Properties {
  const travelling = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(travelling);
    if (!isObject(value)) return value;
    if (value[MARK] === SECRET && typeof value.plaintext === "string") {
      return { [MARK]: SECRET, value: travelling(JSON.parse(value.plaintext)) };
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, travelling(each)]));
  };
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, travelling(value)]));
}

/** The value at a dotted path, of plain properties. */
export function at(properties: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), properties);
}

/** One text for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
