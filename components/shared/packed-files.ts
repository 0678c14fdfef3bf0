import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import type { TarEntry } from "./tar";

/**
 * The format in which user data contains a machine's files. It is a fifth smaller than a compressed tar archive, whose
 * headers do not compress and in which certificates are base64.
 *
 * One brotli stream. In it for each file: a line with path, mode and owner; the text; a NUL. A directory has a path that
 * ends in `/`. A second NUL ends the texts. The DER encodings of all certificates and keys follow, in the order in which
 * the texts have a mark and the label and length of each. A control character at the start of a line says how much
 * deeper the line is indented than the one before. `machine/unpack.py` reads the format on a machine.
 */
export function pack(entries: readonly TarEntry[]): Buffer {
  const ders: Buffer[] = [];
  if (entries.length === 0) throw new Error("there are no files to pack");
  const texts = entries.map(({ path, mode, owner, content }) => {
    const named = content === undefined ? `${path}/` : path;
    return `${named} ${mode} ${owner}\n${reduced(named, content ?? "", ders)}${END}`;
  });
  const data = Buffer.concat([Buffer.from(`${texts.join("")}${END}`), ...ders]);
  if (data.length > MOST_BYTES) throw new Error(`${data.length} bytes of files; at most ${MOST_BYTES}`);
  return brotliCompressSync(data, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });
}

/** The files that {@link pack} packed, by path, without the directories. */
export function unpack(packed: Buffer): Map<string, string> {
  return new Map(
    unpackEntries(packed).flatMap(({ path, content }): [string, string][] =>
      content === undefined ? [] : [[path, content]],
    ),
  );
}

/** The entries that {@link pack} packed. */
export function unpackEntries(packed: Buffer): TarEntry[] {
  const data = brotliDecompressSync(packed);
  const end = data.indexOf(END + END);
  let at = end + 2;
  return data
    .toString("utf8", 0, end)
    .split(END)
    .map((entry) => {
      const [head = "", ...lines] = entry.split("\n");
      const [path = "", mode = "", owner = ""] = head.split(" ");
      if (path.endsWith("/")) return { path: path.slice(0, -1), mode, owner };
      const content = indented(lines.join("\n")).replace(MARK, (_, label: string, length: string) => {
        const der = data.subarray(at, at + Number(length));
        at += Number(length);
        return pem(label, der);
      });
      return { path, mode, owner, content };
    });
}

const END = "\0";
/** As in `unpack.py`. */
const MOST_BYTES = 2 ** 20;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters that have a meaning in the format
const RESERVED = /[\x00\x01\x11-\x1f]/;
const PEM = /^-----BEGIN ([A-Z ]+)-----\n([A-Za-z0-9+/=\n]+)\n-----END \1-----\n/gm;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the mark of a certificate or key
const MARK = /\x01([A-Z ]+) (\d+)\n/g;

function reduced(path: string, content: string, ders: Buffer[]): string {
  if (RESERVED.test(content)) throw new Error(`${path} contains a control character`);
  const marked = content.replace(PEM, (whole, label: string, body: string) => {
    const der = Buffer.from(body, "base64");
    if (pem(label, der) !== whole) return whole;
    ders.push(der);
    return `\x01${label} ${der.length}\n`;
  });
  return relativelyIndented(marked);
}

function pem(label: string, der: Buffer): string {
  const body = der.toString("base64").replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

/** The control character for a line that is as deep as the one before; each step deeper or less deep is two blanks. */
const SAME_DEPTH = 0x18;
const MOST_STEPS = 7;

function relativelyIndented(text: string): string {
  let depth = 0;
  return text
    .split("\n")
    .map((line) => {
      if (line === "") return line;
      const blanks = /^ */.exec(line)?.[0].length ?? 0;
      const steps = Math.min(MOST_STEPS, Math.floor(blanks / 2));
      const rest = line.slice(2 * steps);
      // A line of blanks has its code always, for it is not an empty line.
      const code = steps === depth && rest !== "" ? "" : String.fromCharCode(SAME_DEPTH + steps - depth);
      depth = steps;
      return code + rest;
    })
    .join("\n");
}

function indented(text: string): string {
  let depth = 0;
  return text
    .split("\n")
    .map((line) => {
      const code = line.charCodeAt(0);
      const coded = code > SAME_DEPTH - 8 && code < SAME_DEPTH + 8;
      if (coded) depth += code - SAME_DEPTH;
      return line === "" ? line : "  ".repeat(depth) + line.slice(coded ? 1 : 0);
    })
    .join("\n");
}
