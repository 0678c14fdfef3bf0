import { soundsSecret } from "../../components/settings";
import { placeholder } from "../shared/placeholders";

/** A secret value, and where it is from. */
export interface KnownSecret {
  readonly source: string;
  readonly value: string;
}

/**
 * Whether an entry of a Secret is only a name, such as a user or a host: masking it would make every other text unreadable.
 * Names are of lower-case letters and short, and their key does not sound like a secret.
 */
export function isName(key: string, value: string): boolean {
  if (soundsSecret(key) || !/^[a-z0-9][a-z0-9_.:,-]*$/.test(value)) return false;
  return value.length < LONGEST_NAME || /[_.:,-]/.test(value);
}

const LONGEST_NAME = 24;

export interface KnownNames {
  /** Servers, by name. */
  readonly servers: readonly string[];
  /** The stack's domain, and other names that tell whose stack it is. */
  readonly others: readonly string[];
}

/** Shorter values are no secrets, and would be found in any text. */
const SHORTEST = 6;
/** A line of a secret file is masked alone from this length on; shorter ones are keywords. */
const SHORTEST_LINE = 16;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

const PLACEHOLDERS = /<secret:[^<>]*>/g;

/** What looks like a secret wherever it is, and the text that replaces it. */
const PATTERNS: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, placeholder("private-key")],
  [/AGE-SECRET-KEY-1[0-9A-Z]+/g, placeholder("age-key")],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g, placeholder("token")],
  [/\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi, `$1${placeholder("authorization")}`],
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@"'<>]+:)[^\s@"'<>]+@/gi, `$1${placeholder("password")}@`],
  [/(\b(?:secure|encryptionsalt|encryptedkey):\s*)[^\s<][^\n]*/g, `$1${placeholder("encrypted")}`],
  [
    /(?<!<)((?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private|model)[_-]?key)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'\\,;}<]{6,}/gi,
    `$1${placeholder("value")}`,
  ],
];

/** Masks texts: known secrets, what looks like one, and names and addresses that tell whose platform it is. */
export class Masks {
  readonly #known: ReadonlyMap<string, string>;
  readonly #search: RegExp | undefined;
  readonly #names = new Map<string, string>();
  readonly #servers: RegExp | undefined;
  readonly #others: RegExp | undefined;

  constructor(secrets: readonly KnownSecret[], { servers, others }: KnownNames) {
    this.#known = new Map(secrets.flatMap(formsOf));
    this.#search = anyOf([...this.#known.keys()]);
    this.#servers = anyOf(servers);
    this.#others = anyOf(others.filter((name) => name.length >= 4));
  }

  /** The same text without secrets and names. The same name gets the same placeholder everywhere. */
  mask(text: string): string {
    let masked = this.#search ? text.replace(this.#search, (value) => this.#known.get(value) ?? value) : text;
    for (const [pattern, by] of PATTERNS) masked = masked.replace(pattern, by);
    if (this.#servers) masked = masked.replace(this.#servers, (name) => this.#name("server", name));
    if (this.#others) masked = masked.replace(this.#others, (name) => this.#name("name", name));
    return masked
      .replace(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, (address) => this.#name("email", address))
      .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, (address) =>
        isPublic(address) ? this.#name("address", address) : address,
      );
  }

  /** The first secret that is still in a text, by its source. It has no other use than to refuse such a text. */
  leakIn(text: string): string | undefined {
    if (!this.#search) return undefined;
    const [found] = text.replaceAll(PLACEHOLDERS, "").match(this.#search) ?? [];
    return found === undefined ? undefined : this.#known.get(found);
  }

  #name(kind: string, name: string): string {
    const key = `${kind} ${name}`;
    const number = [...this.#names.keys()].filter((each) => each.startsWith(`${kind} `)).length + 1;
    const known = this.#names.get(key) ?? `<${kind}:${number}>`;
    this.#names.set(key, known);
    return known;
  }
}

/** A secret as texts may have it: plain, in base64, in a URL, in JSON; and the lines of a secret file. */
function formsOf({ source, value }: KnownSecret): (readonly [form: string, mask: string])[] {
  const mask = placeholder(source);
  const secret = value.replaceAll(CERTIFICATE, "").trim();
  const lines = secret.includes("\n")
    ? secret
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith("-----"))
    : [secret];
  const own = secret === "" ? [] : [value, ...lines];
  return [...own, ...own.flatMap(secretsWithin)]
    .filter((text) => text.length >= SHORTEST)
    .flatMap((text) => [
      text,
      Buffer.from(text).toString("base64"),
      encodeURIComponent(text),
      JSON.stringify(text).slice(1, -1),
    ])
    .map((form) => [form, mask] as const);
}

/**
 * The secrets within a secret text, such as an address with a password, a JSON document or a configuration file: programs
 * also show them alone.
 */
function secretsWithin(text: string): string[] {
  const passwords = [...text.matchAll(/:\/\/[^\s:/@]+:([^\s@]{6,})@/g)].map(([, password = ""]) => password);
  const random = (text.match(/[\w+/=-]{16,}/g) ?? []).filter(
    (word) => /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word),
  );
  return [...passwords, ...random, ...secretFields(text)];
}

function secretFields(text: string): string[] {
  if (!text.startsWith("{")) return [];
  try {
    return Object.entries(JSON.parse(text)).flatMap(([key, value]) =>
      typeof value === "string" && value.length >= SHORTEST && soundsSecret(key) ? [value] : [],
    );
  } catch {
    return []; // it only begins like JSON
  }
}

/** One search for all texts, the longest first, so that none hides a longer one that begins alike. */
function anyOf(texts: readonly string[]): RegExp | undefined {
  const sorted = [...new Set(texts)].sort((a, b) => b.length - a.length);
  if (sorted.length === 0) return undefined;
  return new RegExp(sorted.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
}

/** Addresses that everybody has, such as 10.0.0.1, tell nothing; public ones tell whose servers these are. */
function isPublic(address: string): boolean {
  const [a = 0, b = 0, ...rest] = address.split(".").map(Number);
  if ([a, b, ...rest].some((part) => part > 255)) return false;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  return !(
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  );
}

/** Masks the values of environment variables whose names sound like a secret. */
export function withoutSecretVariables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecretVariables);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !NOISE.has(key));
  const named = "name" in value && typeof value.name === "string" && "value" in value;
  return Object.fromEntries(
    entries.map(([key, inner]) =>
      named && key === "value" && typeof inner === "string" && soundsSecret(String(value.name))
        ? [key, placeholder("value")]
        : [key, withoutSecretVariables(inner)],
    ),
  );
}

/** Fields that repeat others: who changed which field, and the object as it was applied. */
const NOISE: ReadonlySet<string> = new Set([
  "managedFields",
  "kubectl.kubernetes.io/last-applied-configuration",
]);
