import { type GeneratedSheet, xlsxEntries, zip } from "../../../cli/start/samples";

/** What breaks readers: numbers at their edges, markup in the wrong place, names that mean something. */
const TOKENS = [
  ...["-1", "1e309", "NaN", "Infinity", "99999999999999999999", "0x10", "", "\0", "\uffff", "\ud800"],
  ...[
    "<",
    ">",
    "&",
    "&#0;",
    "&lol;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "<?xml?>",
    '"',
    "'",
    "</c>",
    "<row>",
    "<c>",
  ],
  ...["A0", "XFD1048576", 't="s"', 't="e"', 't="inlineStr"', "endstream", "endobj", "stream", "obj", "xref"],
  ...[
    "/Length 0",
    "/Length 999999999",
    "/Kids",
    "/Parent",
    "/Filter/LZWDecode",
    "<<",
    ">>",
    "(",
    ")",
    "[",
    "]",
    "TJ",
    "Tm",
  ],
];

/** Changes one to four places of a text or file at random. */
export function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  let result = Buffer.from(bytes);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let count = 1 + below(4); count > 0 && result.length > 0; count--) {
    const at = below(result.length);
    const length = 1 + below(Math.min(64, result.length - at));
    const [before, piece, after] = [
      result.subarray(0, at),
      result.subarray(at, at + length),
      result.subarray(at + length),
    ];
    const token = Buffer.from(TOKENS[below(TOKENS.length)] ?? "");
    const choice = below(7);
    if (choice === 0) result = Buffer.concat([before, after]);
    else if (choice === 1) result = Buffer.concat([before, piece, piece, after]);
    else if (choice === 2) result = Buffer.concat([before, token, piece, after]);
    else if (choice === 3) result = Buffer.concat([before, token, after]);
    else if (choice === 4) result = Buffer.from(before);
    else if (choice === 5)
      result = Buffer.concat([before, piece, before.subarray(below(at + 1)).subarray(0, 64), after]);
    else {
      result = Buffer.from(result);
      result[at] = below(256);
    }
  }
  return result;
}

/** A workbook damaged either as a file, or inside one of its parts, packed again so that the damage is read. */
export function mutatedWorkbook(
  sheets: readonly GeneratedSheet[],
  whole: Uint8Array,
  random: () => number,
): Uint8Array {
  if (random() < 0.3) return mutated(whole, random);
  const entries = xlsxEntries(sheets);
  const chosen = Math.floor(random() * entries.length);
  return zip(
    entries.map((entry, index) =>
      index === chosen ? { ...entry, content: mutated(Buffer.from(entry.content), random) } : entry,
    ),
  );
}
