import { meantWord, nearestWords } from "../../shared/nearest-word";
import { PARAMETERS } from "./catalogue";
import { OWNED } from "./owned";

export type ParameterValue = string | number | boolean;

/** A parameter of an extension, which PostgreSQL does not know before the extension is loaded. */
const OF_AN_EXTENSION = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_.]*$/;

/** Each family of units, in multiples of its first. */
const UNITS: ReadonlyArray<Readonly<Record<string, number>>> = [
  { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3600e6, d: 86400e6 },
  { B: 1, kB: 1024, "8kB": 8192, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 },
];

/**
 * What is allowed instead of a parameter or its value; nothing where both are right. PostgreSQL would refuse to start
 * with some of these mistakes.
 */
export function parameterProblem(name: string, value: ParameterValue): string | undefined {
  const owner = Object.hasOwn(OWNED, name) ? OWNED[name] : undefined;
  if (owner !== undefined) return `no value: Trellis sets this parameter, because ${owner}`;
  if (/\p{Cc}/u.test(String(value))) return "a value in one line";
  if (OF_AN_EXTENSION.test(name)) return undefined;
  const kind = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (kind === undefined) return unknown(name);
  if (kind === "text") return undefined;
  if (kind === "boolean") return isBoolean(value) ? undefined : "true or false";
  const [type, least, most, unit] = kind.split(" ");
  if (least === undefined || most === undefined) return judgeWord(kind.split("|"), value);
  return judgeNumber({ whole: type === "integer", least: Number(least), most: Number(most), unit }, value);
}

const isBoolean = (value: ParameterValue) =>
  typeof value === "boolean" || ["on", "off", "true", "false", "yes", "no"].includes(String(value));

function judgeWord(words: readonly string[], value: ParameterValue): string | undefined {
  // YAML reads `on` and `off` as words, and true and false as booleans, which PostgreSQL takes for on and off.
  const given = typeof value === "boolean" ? (value ? "on" : "off") : String(value);
  return words.includes(given) ? undefined : words.filter(Boolean).join(", ");
}

interface NumberKind {
  readonly whole: boolean;
  readonly least: number;
  readonly most: number;
  readonly unit: string | undefined;
}

function judgeNumber({ whole, least, most, unit }: NumberKind, value: ParameterValue): string | undefined {
  const family = UNITS.find((units) => unit !== undefined && unit in units) ?? {};
  const units = Object.keys(family).filter((each) => /^\D/.test(each));
  const allowed =
    `a ${whole ? "whole " : ""}number from ${least} to ${most}` +
    (unit === undefined ? "" : `, counted in ${unit}, or one with a unit (${units.join(", ")})`);
  const [, digits, given] = /^\s*(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(String(value)) ?? [];
  if (digits === undefined || typeof value === "boolean") return allowed;
  const factor = given === "" ? 1 : family[given ?? ""];
  const base = unit === undefined ? 1 : family[unit];
  if (factor === undefined || base === undefined) return allowed;
  const number = given === "" ? Number(digits) : (Number(digits) * factor) / base;
  if (whole && given === "" && !Number.isInteger(number)) return allowed;
  return Math.round(number) >= least && number <= most ? undefined : allowed;
}

function unknown(name: string): string {
  const meant = meantWord(name, [...Object.keys(PARAMETERS), ...Object.keys(OWNED)]);
  const owner = meant !== undefined && Object.hasOwn(OWNED, meant) ? OWNED[meant] : undefined;
  if (owner !== undefined)
    return `no parameter of this name, nor ${meant}: Trellis sets that one, because ${owner}`;
  return `no parameter of this name: PostgreSQL 17 has ${closest(name)}; an extension's has its name before a dot`;
}

/** The three names with the fewest differing letters. */
function closest(name: string): string {
  const names = Object.keys(PARAMETERS).filter((each) => !Object.hasOwn(OWNED, each));
  return nearestWords(name, names).slice(0, 3).join(", ");
}
