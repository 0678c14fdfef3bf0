import { z } from "zod";
import { meantWord } from "../shared/nearest-word";
import { LOCATIONS } from "./hetzner-catalogue";
import { bare, blockFor, blocksOf, decider, namedSettings, schemaAt, valueAt } from "./schema-at";
import { secretNamed } from "./secret-names";

type Path = ReadonlyArray<string | number>;

/** A whole settings file and the schema that it breaks. */
export interface Broken {
  readonly schema: z.core.$ZodType;
  readonly root: unknown;
}

/** What to write in place of a value that its schema refuses. */
export function remedyFor({ schema, root }: Broken, path: Path): string | undefined {
  const given = valueAt(root, path);
  const wanted = schemaAt(schema, path, root) ?? wordAt(schema, path, root);
  if (given === undefined) return "add it";
  if (wanted === undefined) return undefined;
  if (given === null)
    return `write a value after the colon${accepts(wanted, undefined) ? ", or remove the line" : ""}`;
  if (isPrivateKey(given)) return "write the public key, from the file that ends in .pub";
  const accepted = candidates(given, wanted).find((each) => accepts(wanted, each));
  if (accepted !== undefined) return `did you mean ${yaml(accepted)}?`;
  return taughtBy(given) ?? belowIt(wanted, given);
}

/** What to write in place of a name that people choose, and that the schema refuses. */
export function remedyForName({ schema, root }: Broken, path: Path): string | undefined {
  const map = schemaAt(schema, path.slice(0, -1), root);
  const plain = map && bare(map);
  if (!(plain instanceof z.ZodRecord)) return undefined;
  const meant = spellings(String(path.at(-1))).find((each) => accepts(plain.keyType, each));
  return meant === undefined ? "rename it" : `did you mean ${meant}?`;
}

/** The names of a block of which people wrote a single value. */
function belowIt(wanted: z.core.$ZodType, given: unknown): string | undefined {
  const [block] = blocksOf(wanted);
  if (block === undefined || typeof given === "object") return undefined;
  return `write its settings below it: ${Object.keys(block.shape).join(", ")}`;
}

/** The schema of the word that chooses between blocks: what all of them allow there. */
function wordAt(schema: z.core.$ZodType, path: Path, root: unknown): z.core.$ZodType | undefined {
  const word = path.at(-1);
  const place = schemaAt(schema, path.slice(0, -1), root);
  if (place === undefined || typeof word !== "string" || decider(place) !== word) return undefined;
  return z.enum(wordsOf(place, word));
}

const wordsOf = (place: z.core.$ZodType, word: string): string[] =>
  blocksOf(place).flatMap(({ shape }) => {
    const kind = shape[word] && bare(shape[word]);
    return kind instanceof z.ZodLiteral ? [...kind.values].map(String) : [];
  });

const accepts = (schema: z.core.$ZodType, value: unknown) => z.safeParse(schema, value).success;

/** Other words for the words that settings know. */
const SYNONYMS: Readonly<Record<string, string>> = {
  agent: "workload",
  development: "dev",
  local: "dev",
  live: "prod",
  master: "control-plane",
  server: "control-plane",
  test: "dev",
  testing: "dev",
  worker: "workload",
  ...Object.fromEntries(Object.entries(LOCATIONS).map(([name, { city }]) => [city.toLowerCase(), name])),
};

const YES = ["yes", "on", "true", "y", "enabled"];
const NO = ["no", "off", "false", "n", "disabled", "none"];

/** What people may have meant by a value, the likeliest first. */
function candidates(given: unknown, wanted: z.core.$ZodType): unknown[] {
  const plain = bare(wanted);
  if (typeof given === "string") {
    const text = given.trim();
    const few = text.toLowerCase();
    const parts = text.split(/[\s,]+/).filter(Boolean);
    return [
      ...(YES.includes(few) ? [true] : NO.includes(few) ? [false] : []),
      ...(/^-?\d+(\.\d+)?$/.test(text) ? [Number(text)] : []),
      ...(/^\d+([.,]\d+)? ?(gi?b?|mi?b?|h|d|€|eur)$/i.test(text)
        ? [Number.parseFloat(text.replace(",", "."))]
        : []),
      ...(plain instanceof z.ZodArray ? [parts, parts.map((each) => mended(each, plain.element))] : []),
      ...(plain instanceof z.ZodEnum ? [SYNONYMS[few], meantWord(text, plain.options.map(String))] : []),
      ...blocksOf(wanted).map((block) => blockOf(text, block, decider(wanted))),
      ...spellings(text),
    ];
  }
  if (typeof given === "number") return [Math.round(given), [given], String(given)];
  if (typeof given === "boolean") return [[given]];
  if (Array.isArray(given)) {
    const names = given.filter((each) => typeof each === "string");
    return [
      ...(given.length === 1 ? [given[0]] : []),
      ...(plain instanceof z.ZodRecord ? [Object.fromEntries(names.map((each) => [each, {}]))] : []),
    ];
  }
  if (typeof given === "object" && plain instanceof z.ZodArray) {
    const single = { ...given };
    const values = Object.values(single);
    return [[single], values, Object.keys(single)];
  }
  return [];
}

const mended = (text: string, wanted: z.core.$ZodType): unknown =>
  accepts(wanted, text) ? text : (candidates(text, wanted).find((each) => accepts(wanted, each)) ?? text);

/** A block of which people wrote only the word that decides, such as `edge: dns`. */
function blockOf(text: string, block: z.ZodObject, word: string | undefined): unknown {
  const [name, ...others] = word === undefined ? Object.keys(block.shape) : [word];
  if (name === undefined || others.length > 0) return undefined;
  const decides = block.shape[name];
  const kind = decides && bare(decides);
  const value = kind instanceof z.ZodLiteral ? meantWord(text, [...kind.values].map(String)) : text;
  return value === undefined ? undefined : { [name]: value };
}

/** Other ways to write a name, an address or a range. */
function spellings(text: string): string[] {
  const few = text.toLowerCase();
  const host = few.replace(/^[a-z+]+:\/\//, "").replace(/^[^@/]*@/, "");
  const [address = "", prefix = "32"] = text.split("/");
  const moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?$/.exec(text);
  return [
    few,
    few.replaceAll("_", "-"),
    few.replaceAll("-", "_"),
    few.replaceAll(/[\s_.]+/g, "-").replace(/^-+|-+$/g, ""),
    text.replace(/^(\.{0,2}\/)+/, ""),
    host.replace(/[/:].*$/, "").replace(/\.$/, ""),
    `https://${host.replace(/\/.*$/, "")}`,
    text.replace(/^git@([^:]+):/, "https://$1/"),
    text.replace(/^(https:\/\/)[^@/]+@/, "$1"),
    host.replace(/(:[\w.-]+|@sha256:\w+)$/, ""),
    few.replace(/ (at|@) /, "@"),
    `#${few}`,
    `${address}/${prefix}`,
    ...networkOf(address, Number(prefix)),
    ...(moment ? [`${moment[1]}T${moment[2]}${moment[3] ?? ":00"}Z`] : []),
  ].filter((each) => /[a-z0-9].*[a-z0-9]/i.test(each));
}

/** The range that an address with a prefix is in: `10.0.0.0/16` for 10.0.0.1 and 16. */
function networkOf(address: string, prefix: number): string[] {
  const octets = address.split(".").map(Number);
  if (octets.length !== 4 || octets.some((each) => !(each <= 255)) || !(prefix <= 32)) return [];
  const size = 2 ** (32 - prefix);
  const first = Math.floor(octets.reduce((sum, each) => sum * 256 + each, 0) / size) * size;
  return [`${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`];
}

/** What a value teaches that no other value follows from. */
function taughtBy(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  if (/^[0-9a-f]*:[0-9a-f:]*(\/\d+)?$/i.test(given) && given.includes("::"))
    return "write IPv4 ranges: the servers have no IPv6 rules";
  if (/^\d+ ?(g|m|t)i?b?$/i.test(given))
    return "write the number alone: the name of the setting has the unit";
  return undefined;
}

export const isPrivateKey = (given: unknown): boolean =>
  typeof given === "string" && /PRIVATE KEY/.test(given);

/** The shortest way to write a value in YAML on one line. */
function yaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yaml).join(", ")}]`;
  if (typeof value !== "object" || value === null) {
    const text = String(value);
    return typeof value === "string" && /^#|[:{}[\],] | #/.test(text) ? JSON.stringify(text) : text;
  }
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${yaml(inner)}`)
    .join(", ")} }`;
}

/** What is allowed in place of a name that no setting has, and what the writer probably meant. */
export function unknownName(
  { schema, root }: Broken,
  path: Path,
  name: string,
): { readonly allowed: string; readonly remedy: string } {
  const place = schemaAt(schema, path, root) ?? schema;
  const block = blockFor(place, valueAt(root, path));
  const names = Object.keys(block?.shape ?? {});
  const where = path.length === 0 ? "at the top" : `below ${pathText(path)}`;
  const word = decider(place);
  const owner = word && blocksOf(place).find(({ shape }) => Object.hasOwn(shape, name));
  if (word && owner) {
    const decides = owner.shape[word];
    const kind = decides && bare(decides);
    const needed = kind instanceof z.ZodLiteral ? [...kind.values].map(String).join(" or ") : word;
    return {
      allowed: `no setting of this name with ${word} ${String(valueAt(root, [...path, word]))}`,
      remedy: `remove it, or set ${word} to ${needed}`,
    };
  }
  const secret = secretNamed([...path, name]);
  if (secret !== undefined) {
    return {
      allowed: "no secret in a stack's file, which everybody with the repository can read",
      remedy: `remove it, and set it with: pulumi config set --secret trellis:${secret}`,
    };
  }
  const allowed = `no setting of this name ${where}, only ${names.join(", ")}`;
  const meant = meantWord(name, names);
  if (meant !== undefined) return { allowed, remedy: `did you mean ${meant}?` };
  const elsewhere = namedSettings(schema)
    .filter((each) => plainly(each.name) === plainly(name))
    .map((each) => [...each.path, each.name].join("."));
  const places = [...new Set(elsewhere)].slice(0, 3);
  return {
    allowed,
    remedy:
      places.length > 0
        ? `did you mean ${places.join(" or ")}?`
        : "remove it, or look for its name in docs/settings.md",
  };
}

const plainly = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** `target.servers[0]` */
const pathText = (path: Path) =>
  path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
    "",
  );
