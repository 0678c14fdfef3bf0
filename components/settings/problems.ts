import type { z } from "zod";
import { type Broken, isPrivateKey, remedyFor, remedyForName, unknownName } from "./remedies";
import { valueAt } from "./schema-at";
import { soundsSecret } from "./secret-names";

/** One mistake in the settings, described so that its author can correct it without reading our code. */
export interface Problem {
  /** The keys and list indexes that lead to the setting. */
  readonly path: ReadonlyArray<string | number>;
  /** The wrong value, or `MISSING`. */
  readonly given: unknown;
  /** What is allowed here, as a phrase that follows "allowed:". */
  readonly allowed: string;
  /** What the author can write instead, as a clause. @default none: `allowed` says it */
  readonly remedy?: string | undefined;
}

/** Marks a problem whose value is absent rather than wrong. */
export const MISSING = Symbol("missing");

/** Converts zod's issues to problems, one for each mistake in the file. */
export function problemsOf(error: z.ZodError, broken: Broken): Problem[] {
  return firstOfEach(error.issues.flatMap(withinBlocks)).flatMap((issue): Problem[] => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    const given = valueAt(broken.root, path);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...path, key],
        given: valueAt(given, [key]),
        ...unknownName(broken, path, key),
      }));
    }
    if (issue.code === "invalid_key" || issue.code === "invalid_element") {
      const allowed = issue.issues.map((inner) => inner.message).join("; ");
      return [{ path, given, allowed, remedy: remedyForName(broken, path) }];
    }
    return [
      {
        path,
        given: given === undefined ? MISSING : given,
        allowed: allowedBy(issue),
        remedy: remedyFor(broken, path) ?? usualRemedy(issue),
      },
    ];
  });
}

/** The mistakes inside of a block that could also have been a word such as `false`. */
function withinBlocks(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const [inner] = issue.errors.filter((each) =>
    each.some(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
  return inner?.map((each) => ({ ...each, path: [...issue.path, ...each.path] })) ?? [issue];
}

/** A value of the wrong kind breaks several rules, of which the first says enough. */
function firstOfEach(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const seen = new Set<string>();
  return issues.filter(({ code, path }) => {
    const place = JSON.stringify(path.map(String));
    if (code === "unrecognized_keys") return true;
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}

/** What to do about a value of which nobody can say what was meant. */
function usualRemedy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
    case "invalid_union":
      return "choose one of them";
    case "too_small":
      return issue.origin === "array" ? "add to it" : issue.origin === "string" ? "lengthen it" : "raise it";
    case "too_big":
      return issue.origin === "array" ? "remove some" : issue.origin === "string" ? "shorten it" : "lower it";
    default:
      return "write it in that form";
  }
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

function oneOf(given: readonly unknown[]): string {
  const values = given.filter((each) => each !== undefined); // a word that may be left out
  return values.length === 1 ? `only ${String(values[0])}` : `one of ${values.map(String).join(", ")}`;
}

function counted(limit: number | bigint, origin: string): string {
  const one = Number(limit) === 1;
  if (origin === "string") return `${limit} ${one ? "character" : "characters"}`;
  if (origin === "array") return `${limit} ${one ? "entry" : "entries"}`;
  return String(limit);
}

/** `target.servers[0].location: given "mars"; allowed: one of ...; did you mean ash?` */
export function describeProblem({ path, given, allowed, remedy }: Problem): string {
  const place = path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text === "" ? shown(part) : `${text}.${shown(part)}`,
    "",
  );
  const value =
    given === MISSING
      ? "missing"
      : `given ${soundsSecret(path.at(-1)) && typeof given === "string" ? `a secret, ${given.length} characters` : quote(given)}`;
  return `${place || "the settings"}: ${value}; allowed: ${allowed}${remedy === undefined ? "" : `; ${remedy}`}`;
}

/** A key as it is, or quoted if it contains characters that a terminal could interpret. */
const shown = (key: string) => (/^[\w-]{1,64}$/.test(key) ? key : quote(key));

const LONGEST_QUOTE = 80;

/** A value on one line: control characters are escaped, and a long value is shortened. */
function quote(value: unknown): string {
  if (isPrivateKey(value)) return "a private key";
  const text = escapeInvisible(withoutPasswords(JSON.stringify(value) ?? String(value)));
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}

/** Errors end in logs, where the password of an address must not be. */
const withoutPasswords = (text: string) => text.replace(/(\/\/[^\s:@/"]*):[^\s@/"]*@/g, "$1:***@");

function escapeInvisible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
