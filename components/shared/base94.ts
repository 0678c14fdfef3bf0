const BYTES = 9;
const DIGITS = 11;
const FIRST = 33;
const BASE = 94n;

/**
 * Encodes nine bytes in eleven printable characters, all 94 of ASCII: base64 needs twelve for that, and base85 a quarter of a
 * character more. Shorter ends have no padding. `machine/unpack.py` decodes it.
 */
export function base94(data: Buffer): string {
  const blocks: string[] = [];
  for (let at = 0; at < data.length; at += BYTES) {
    const block = data.subarray(at, at + BYTES);
    let number = BigInt(`0x${block.toString("hex")}`);
    let digits = "";
    for (let digit = Math.ceil((block.length * DIGITS) / BYTES); digit > 0; digit--) {
      digits = String.fromCharCode(FIRST + Number(number % BASE)) + digits;
      number /= BASE;
    }
    blocks.push(digits);
  }
  return blocks.join("");
}

/** Decodes what {@link base94} encoded. */
export function fromBase94(text: string): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < text.length; at += DIGITS) {
    const digits = text.slice(at, at + DIGITS);
    const length = Math.floor((digits.length * BYTES) / DIGITS);
    let number = 0n;
    for (const digit of digits) number = number * BASE + BigInt(digit.charCodeAt(0) - FIRST);
    blocks.push(Buffer.from(number.toString(16).padStart(2 * length, "0"), "hex"));
  }
  return Buffer.concat(blocks);
}
