import type { PackedPart, Part, Reading } from "../reading";

/** Turns readings into lines for COPY in the columns `reported_as, day, inches, quality, footnote`. */
export function pack(part: Part): PackedPart {
  if (part.kind !== "readings") return part;
  let lines = "";
  for (const reading of part.readings) lines += copyLine(reading);
  return { kind: "packed", count: part.readings.length, lines };
}

function copyLine({ gauge, day, inches, quality, footnote }: Reading): string {
  return `${gauge}\t${day}\t${inches ?? "\\N"}\t${quality}\t${footnote === undefined ? "\\N" : escapeText(footnote)}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\0": "",
};

const escapeText = (text: string) => text.replace(/[\\\t\n\r\0]/g, (character) => ESCAPES[character] ?? "");
