/** A stack's outputs as they are in the output of `pulumi stack output --json`. */
export type Outputs = Readonly<Record<string, unknown>>;

/** Variables by name. */
export type Variables = ReadonlyMap<string, string>;

/** All keys of all servers, in texts that only `trellis apply` reads: no variables. */
const LEFT_OUT = "firstBoots";

/** The outputs as variables: `endpoints.api` becomes TRELLIS_ENDPOINTS_API. Lists become JSON. */
export function variablesOf(stack: string, outputs: Outputs): Variables {
  const leaves = Object.entries(outputs)
    .filter(([name]) => name !== LEFT_OUT)
    .flatMap(([name, value]) => leavesOf(name, value));
  const named = leaves.map(([path, value]) => [`TRELLIS_${screaming(path)}`, value] as const);
  return new Map([["PULUMI_STACK", stack], ...named.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function leavesOf(path: string, value: unknown): [path: string, value: string][] {
  if (value === null || value === undefined) return [];
  if (typeof value === "object" && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, inner]) => leavesOf(`${path}.${key}`, inner));
  return [[path, typeof value === "string" ? value : JSON.stringify(value)]];
}

const screaming = (path: string) =>
  path
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase();

/** The lines of the file, which a shell and `node --env-file` read alike. */
export const linesOf = (variables: Variables): string =>
  [...variables].map(([name, value]) => `${name}=${quoted(value)}\n`).join("");

/** Only double quotes can hold a single one; there, a shell needs four characters escaped. */
const quoted = (value: string) =>
  value.includes("'") ? `"${value.replace(/[\\"$`]/g, "\\$&")}"` : `'${value}'`;

/** The variables in such lines. */
export function variablesIn(lines: string): Variables {
  const found = lines.matchAll(/^(\w+)=(?:'([^']*)'|"((?:[^"\\]|\\.)*)")$/gm);
  return new Map(
    [...found].map(([, name = "", plain, escaped = ""]) => [name, plain ?? escaped.replace(/\\(.)/gs, "$1")]),
  );
}

/** A variable that differs, without its values. */
export interface Difference {
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  /** How long the new value is; the old one for a removed variable. */
  readonly characters: number;
}

export function differences(before: Variables, after: Variables): Difference[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name): Difference[] => {
    const [old, fresh] = [before.get(name), after.get(name)];
    if (old === fresh) return [];
    const change = old === undefined ? "added" : fresh === undefined ? "removed" : "changed";
    return [{ name, change, characters: (fresh ?? old ?? "").length }];
  });
}
