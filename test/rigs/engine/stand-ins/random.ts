import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { NO_ID, type ResourceKind } from "./stand-in";
import type { Properties } from "./wire";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

const text: ResourceKind = {
  replacedBy: "every input",
  id: () => NO_ID,
  outputs: ({ inputs }) => ({ result: randomText(inputs) }),
};
const uuid: ResourceKind = {
  replacedBy: "every input",
  id: (_, { result }) => String(result),
  outputs: () => ({ result: randomUUID() }),
};

/** Really random, as the real provider: what other rooms make of these values must hold for any. */
const KINDS: Readonly<Record<string, ResourceKind>> = {
  "random:index/randomPassword:RandomPassword": text,
  "random:index/randomString:RandomString": { ...text, id: (_, { result }) => String(result) },
  "random:index/randomUuid:RandomUuid": uuid,
  "random:index/randomUuid4:RandomUuid4": uuid,
  "random:index/randomBytes:RandomBytes": {
    replacedBy: "every input",
    id: () => NO_ID,
    outputs: ({ inputs }) => encodings(Number(inputs.length)),
  },
  "random:index/randomId:RandomId": {
    replacedBy: "every input",
    id: (_, { b64Url }) => String(b64Url),
    outputs: ({ inputs }) => {
      const { base64, hex } = encodings(Number(inputs.byteLength));
      const prefix = String(inputs.prefix ?? "");
      return {
        b64Std: prefix + base64,
        b64Url: prefix + Buffer.from(base64, "base64").toString("base64url"),
        hex: prefix + hex,
        dec: prefix + BigInt(`0x${hex}`).toString(),
      };
    },
  },
  "random:index/randomInteger:RandomInteger": {
    replacedBy: "every input",
    id: (_, { result }) => String(result),
    outputs: ({ inputs }) => ({ result: randomInt(Number(inputs.min), Number(inputs.max) + 1) }),
  },
};

export const randomKind = (type: string): ResourceKind | undefined => KINDS[type];

function encodings(length: number) {
  const bytes = randomBytes(length);
  return { base64: bytes.toString("base64"), hex: bytes.toString("hex") };
}

/** One character of each class that is asked for at least so often, then any, in random order. */
function randomText(inputs: Properties): string {
  const special = String(inputs.overrideSpecial ?? SPECIAL);
  const classes = [
    { wanted: inputs.lower ?? true, characters: LOWER, least: inputs.minLower },
    { wanted: inputs.upper ?? true, characters: LOWER.toUpperCase(), least: inputs.minUpper },
    { wanted: inputs.numeric ?? inputs.number ?? true, characters: DIGITS, least: inputs.minNumeric },
    { wanted: inputs.special ?? true, characters: special, least: inputs.minSpecial },
  ].filter(({ wanted, characters }) => wanted !== false && characters !== "");
  const any = classes.map(({ characters }) => characters).join("");
  const chosen = classes.flatMap(({ characters, least }) => pick(characters, Number(least ?? 0)));
  return shuffled([...chosen, ...pick(any, Number(inputs.length) - chosen.length)]).join("");
}

function pick(characters: string, count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, () => characters.charAt(randomInt(characters.length)));
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: randomInt(2 ** 32) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
