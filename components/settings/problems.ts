import type { z } from "zod";

/** One mistake in the settings, described so that its author can correct it without reading our code. */
export interface Problem {
  /** The keys and list indexes that lead to the setting. */
  readonly path: ReadonlyArray<string | number>;
  /** The wrong value, or `MISSING`. */
  readonly given: unknown;
  /** What is allowed here, as a phrase that follows "allowed:". */
  readonly allowed: string;
}

/** Marks a problem whose value is absent rather than wrong. */
export const MISSING = Symbol("missing");

/** Converts zod's issues to problems, one for each mistake in the file. */
export function problemsOf(error: z.ZodError, root: unknown, prefix: Problem["path"] = []): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    const given = valueAt(root, path);
    const at = [...prefix, ...path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...at, key],
        given: valueAt(given, [key]),
        allowed: "no setting of this name here; check its spelling and indentation",
      }));
    }
    if (issue.code === "invalid_key" || issue.code === "invalid_element") {
      return [{ path: at, given, allowed: issue.issues.map((inner) => inner.message).join("; ") }];
    }
    return [{ path: at, given: given === undefined ? MISSING : given, allowed: allowedBy(issue) }];
  });
}

/** zod's types, in the words of people who write YAML. */
const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "a boolean, `true` or `false`",
  object: "a block of settings, indented below this name",
  record: "a block of names, each with its settings, indented below this name",
  string: "a string",
};

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.message.startsWith("Invalid input")
        ? (KINDS[issue.expected] ?? issue.expected)
        : issue.message;
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      return "options" in issue && issue.options ? oneOf(issue.options) : issue.message;
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${counted(issue.minimum, issue.origin)}`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${counted(issue.maximum, issue.origin)}`;
    default:
      return issue.message;
  }
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `only ${String(values[0])}` : `one of ${values.map(String).join(", ")}`;
}

function counted(limit: number | bigint, origin: string): string {
  const one = Number(limit) === 1;
  if (origin === "string") return `${limit} ${one ? "character" : "characters"}`;
  if (origin === "array") return `${limit} ${one ? "entry" : "entries"}`;
  return String(limit);
}

function valueAt(root: unknown, path: ReadonlyArray<PropertyKey>): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return Reflect.get(value, key);
  }, root);
}

/** `target.servers[0].location: given "mars"; allowed: one of ...` */
export function describeProblem({ path, given, allowed }: Problem): string {
  const place = path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text === "" ? shown(part) : `${text}.${shown(part)}`,
    "",
  );
  return `${place || "the settings"}: ${given === MISSING ? "missing" : `given ${quote(given)}`}; allowed: ${allowed}`;
}

/** A key as it is, or quoted if it contains characters that a terminal could interpret. */
const shown = (key: string) => (/^[\w-]{1,64}$/.test(key) ? key : quote(key));

const LONGEST_QUOTE = 80;

/** A value on one line: control characters are escaped, and a long value is shortened. */
function quote(value: unknown): string {
  const text = escapeInvisible(JSON.stringify(value) ?? String(value));
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}

function escapeInvisible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
