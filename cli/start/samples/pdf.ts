import { deflateSync } from "node:zlib";

/** Writes pages of monospaced lines as a PDF. Like Word, it cuts words into pieces. */
export function pdf(pages: readonly (readonly string[])[]): Uint8Array {
  const objects: Buffer[] = [];
  const add = (content: string | Buffer) => objects.push(Buffer.from(content));
  const firstPage = 4;
  const kids = pages.map((_, index) => `${firstPage + 2 * index} 0 R`).join(" ");
  add("<</Type/Catalog/Pages 2 0 R>>");
  add(`<</Type/Pages/Count ${pages.length}/Kids[${kids}]>>`);
  add("<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>");
  pages.forEach((lines, index) => {
    add(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents ${firstPage + 2 * index + 1} 0 R>>`,
    );
    const content = deflateSync(Buffer.from(drawn(lines), "latin1"));
    add(
      Buffer.concat([
        Buffer.from(`<</Filter/FlateDecode/Length ${content.length}>>\nstream\n`),
        content,
        Buffer.from("\nendstream"),
      ]),
    );
  });
  return assembled(objects);
}

/** The footer comes first, as in the provider's files; readers must not depend on the drawing order. */
function drawn(lines: readonly string[]): string {
  const placed = lines.map((line, index) => ({ line, y: 740 - 12 * index }));
  const ordered = [...placed.slice(-1), ...placed.slice(0, -1)];
  return ordered.map(({ line, y }) => `BT /F1 6 Tf 1 0 0 1 40 ${y} Tm [${pieces(line)}] TJ ET`).join("\n");
}

/** Cuts the line after every third character, with a kerning too small to matter. */
function pieces(line: string): string {
  return (line.match(/.{1,3}/g) ?? []).map((piece) => `(${piece.replace(/[\\()]/g, "\\$&")})`).join(" -3 ");
}

function assembled(objects: readonly Buffer[]): Uint8Array {
  const parts: Buffer[] = [Buffer.from("%PDF-1.5\n")];
  const offsets: number[] = [];
  let offset = parts[0]?.length ?? 0;
  objects.forEach((object, index) => {
    offsets.push(offset);
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")]);
    parts.push(part);
    offset += part.length;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${offset}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}

/** A small PDF whose only page decompresses to this many MiB of blanks. */
export function pdfBomb(mebibytes: number): Uint8Array {
  const content = deflateSync(Buffer.alloc(mebibytes << 20, " "), { level: 1 });
  return assembled([
    Buffer.from("<</Type/Catalog/Pages 2 0 R>>"),
    Buffer.from("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
    Buffer.from("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>"),
    Buffer.concat([
      Buffer.from(`<</Filter/FlateDecode/Length ${content.length}>>\nstream\n`),
      content,
      Buffer.from("\nendstream"),
    ]),
  ]);
}
