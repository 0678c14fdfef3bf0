/** The parts of ASN.1's Distinguished Encoding Rules (X.690) that a certificate needs. */

export const sequence = (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => tagged(0x31, ...parts);
export const octets = (...parts: readonly Uint8Array[]) => tagged(0x04, ...parts);
export const text = (content: string) => tagged(0x0c, Buffer.from(content));
export const boolean = (value: boolean) => tagged(0x01, Buffer.of(value ? 0xff : 0));

/** A non-negative integer from its bytes. A leading zero byte keeps the first bit from being read as a sign. */
export const integer = (bytes: Uint8Array) =>
  tagged(0x02, (bytes[0] ?? 0) > 0x7f ? Buffer.from([0, ...bytes]) : bytes);

export const bits = (content: Uint8Array, unused = 0) => tagged(0x03, Buffer.of(unused), content);

/** UTCTime, which the standard demands until 2049. */
export const time = (moment: Date) =>
  tagged(0x17, Buffer.from(`${moment.toISOString().slice(2, 19).replaceAll(/[-:T]/g, "")}Z`));

/** `[number]` in the standard's notation: an explicit tag around other parts, or an implicit tag. */
export const around = (number: number, ...parts: readonly Uint8Array[]) => tagged(0xa0 + number, ...parts);
export const inPlace = (number: number, content: Uint8Array) => tagged(0x80 + number, content);

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, Buffer.from([40 * first + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

function lengthOf({ length }: Uint8Array): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return [0x80 + bytes.length, ...bytes];
}
