import { z } from "zod";

/** The sources of a verb's configuration: positional arguments, flags, and the environment. */
export interface Inputs {
  readonly arguments: readonly (string | undefined)[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type Reading<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly value?: undefined; readonly problems: readonly string[] };

/** How the help text shows a setting. */
export interface Declaration {
  readonly kind: "argument" | "flag" | "variable";
  /** The user's notation: "<year>", "--store <name>", "MERGE_HOST". */
  readonly syntax: string;
  /** One line for the help text. */
  readonly summary: string;
}

/** One value of a verb's configuration, with its syntax and its check. */
export interface Setting<T> {
  /** The arguments, flags and variables that the setting reads, for the help text. */
  readonly declares: readonly Declaration[];
  read(inputs: Inputs): Reading<T>;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

export type ConfigOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Reads all settings of a verb and reports every problem at once. */
export function readSettings<S extends Settings>(settings: S, inputs: Inputs): Reading<ConfigOf<S>> {
  const readings = Object.entries(settings).map(([name, setting]) => [name, setting.read(inputs)] as const);
  const problems = readings.flatMap(([, reading]) => reading.problems ?? []);
  if (problems.length > 0) return { problems };
  // Safe: each key holds what the setting of that key has read.
  return { value: Object.fromEntries(readings.map(([name, { value }]) => [name, value])) as ConfigOf<S> };
}

/**
 * A flag, optionally with an environment variable; the flag overrides the variable. `syntax` is commander's ("--store
 * <name>"); one without a value ("--json") reads as true or undefined. An empty variable counts as absent.
 */
export function flag<Schema extends z.ZodType>(
  syntax: string,
  summary: string,
  schema: Schema,
  variable?: string,
): Setting<z.output<Schema>> {
  const name = /^--([a-z][a-z-]*)/.exec(syntax)?.[1];
  if (!name) throw new Error(`not the syntax of a flag: ${syntax}`);
  return {
    declares: [{ kind: "flag", syntax, summary: variable ? `${summary} (or ${variable})` : summary }],
    read: ({ flags, environment }) => {
      const given = flags[camelCase(name)];
      if (given !== undefined || !variable) return check(`--${name}`, given, schema, summary);
      const fromEnvironment = environment[variable] || undefined;
      const where = fromEnvironment === undefined ? `--${name} (or ${variable})` : variable;
      return check(where, fromEnvironment, schema, summary);
    },
  };
}

/** A setting from the environment only; `secret` keeps its value out of every message. */
export function variable<Schema extends z.ZodType>(
  name: string,
  summary: string,
  schema: Schema,
  { secret = false } = {},
): Setting<z.output<Schema>> {
  return {
    declares: [{ kind: "variable", syntax: name, summary }],
    read: ({ environment }) => check(name, environment[name] || undefined, schema, summary, secret),
  };
}

/** A positional argument after the verb. */
export function argument<Schema extends z.ZodType>(
  position: number,
  name: string,
  summary: string,
  schema: Schema,
): Setting<z.output<Schema>> {
  return {
    declares: [{ kind: "argument", syntax: `<${name}>`, summary }],
    read: (inputs) => check(`<${name}>`, inputs.arguments[position], schema, summary),
  };
}

/** A flag without a value. */
export const toggle = (syntax: string, summary: string, variableName?: string) =>
  flag(
    syntax,
    summary,
    z
      .union([z.boolean(), z.enum(["true", "false", "1", "0", "yes", "no"])], "allowed: true or false")
      .optional()
      .transform((given) => given === true || ["true", "1", "yes"].includes(String(given))),
    variableName,
  );

/** Text that is not empty. */
export const text = (allowed = "any text that is not empty") =>
  z.string({ error: missing }).trim().min(1, `allowed: ${allowed}`);

export const wholeNumber = ({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}) => {
  const allowed =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`;
  return z
    .string({ error: missing })
    .regex(/^-?\d{1,16}$/, `allowed: ${allowed}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `allowed: ${allowed}`);
};

export const decimalNumber = ({ above = 0 } = {}) =>
  z
    .string({ error: missing })
    .regex(/^\d+(\.\d+)?$/, `allowed: a number above ${above}`)
    .transform(Number)
    .refine((value) => value > above, `allowed: a number above ${above}`);

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: (issue) => missing(issue) ?? `allowed: ${values.join(", ")}` });

function missing(issue: { input?: unknown }): string | undefined {
  return issue.input === undefined ? "is required" : undefined;
}

function check<Schema extends z.ZodType>(
  where: string,
  given: unknown,
  schema: Schema,
  summary: string,
  secret = false,
): Reading<z.output<Schema>> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { value: parsed.data };
  if (given === undefined) return { problems: [`${where} is required: ${summary}`] };
  const shown = secret ? "a value" : JSON.stringify(given);
  const allowed = [...new Set(parsed.error.issues.map((issue) => issue.message))].join("; ");
  return { problems: [`${where}: given ${shown}, ${allowed}`] };
}

const camelCase = (name: string) => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
