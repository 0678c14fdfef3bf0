/** The alphabet of RFC 1924, which Python's `base64.b85decode` reads. None has a meaning in a quoted YAML string. */
const BASE85_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/** Encodes four bytes in five characters. base64 needs four characters for three bytes, a sixteenth more text. */
export function base85(data: Buffer): string {
  const missing = (4 - (data.length % 4)) % 4;
  const padded = Buffer.concat([data, Buffer.alloc(missing)]);
  let text = "";
  for (let at = 0; at < padded.length; at += 4) {
    let word = padded.readUInt32BE(at);
    let digits = "";
    for (let digit = 0; digit < 5; digit++) {
      digits = BASE85_DIGITS.charAt(word % 85) + digits;
      word = Math.floor(word / 85);
    }
    text += digits;
  }
  return text.slice(0, text.length - missing);
}
