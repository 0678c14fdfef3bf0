import { posix } from "node:path";
import { RefusedFile } from "../reading";
import type { Row } from "./cell";
import { SheetReader } from "./sheet-reader";
import { readAllXml, readXml } from "./xml";
import { ZipArchive } from "./zip-archive";

const WORKBOOK = "xl/workbook.xml";
const SHARED_STRINGS = "xl/sharedStrings.xml";

/** An xlsx file: its sheets by name, their rows in order, their comments. Nothing else is unpacked. */
export class Spreadsheet {
  private constructor(
    private readonly archive: ZipArchive,
    /** The path of each sheet inside the archive, in the order of the workbook. */
    private readonly sheets: ReadonlyMap<string, string>,
    private readonly sharedStrings: readonly string[],
    /** The year from which the workbook counts its days. */
    readonly epoch: 1900 | 1904,
  ) {}

  static async open(bytes: Uint8Array): Promise<Spreadsheet> {
    refuseOtherFiles(bytes);
    const archive = await ZipArchive.open(bytes);
    if (!archive.has(WORKBOOK)) throw new RefusedFile("it is a zip archive, but not an Excel workbook");
    const targets = new Map((await relationshipsOf(archive, WORKBOOK)).map(({ id, path }) => [id, path]));
    const sheets = new Map<string, string>();
    let epoch: 1900 | 1904 = 1900;
    await readAllXml(WORKBOOK, archive.text(WORKBOOK), {
      open(name, attributes) {
        if (name === "workbookPr" && /^(1|true)$/.test(attributes.date1904 ?? "")) epoch = 1904;
        if (name !== "sheet") return;
        const path = targets.get(attributes["r:id"] ?? "");
        if (path && archive.has(path)) sheets.set(attributes.name ?? "", path);
      },
    });
    const sharedStrings = archive.has(SHARED_STRINGS) ? await readSharedStrings(archive) : [];
    return new Spreadsheet(archive, sheets, sharedStrings, epoch);
  }

  get sheetNames(): string[] {
    return [...this.sheets.keys()];
  }

  async *rows(sheet: string): AsyncGenerator<Row> {
    const path = this.pathOf(sheet);
    const reader = new SheetReader(this.sharedStrings);
    for await (const _ of readXml(path, this.archive.text(path), reader)) yield* reader.take();
  }

  /** The comments of a sheet, by cell. */
  async comments(sheet: string): Promise<Map<string, string>> {
    const comments = new Map<string, string>();
    const relationship = (await relationshipsOf(this.archive, this.pathOf(sheet))).find(({ type }) =>
      type.endsWith("/comments"),
    );
    if (!relationship || !this.archive.has(relationship.path)) return comments;
    let cell = "";
    let text = "";
    let inText = false;
    await readAllXml(relationship.path, this.archive.text(relationship.path), {
      open(name, attributes) {
        if (name === "comment") [cell, text] = [attributes.ref ?? "", ""];
        if (name === "t") inText = true;
      },
      text(piece) {
        if (inText) text += piece;
      },
      close(name) {
        if (name === "t") inText = false;
        if (name === "comment") comments.set(cell, text.trim());
      },
    });
    return comments;
  }

  private pathOf(sheet: string): string {
    const path = this.sheets.get(sheet);
    if (!path) throw new RefusedFile(`the workbook has no sheet ${sheet}`);
    return path;
  }
}

interface Relationship {
  readonly id: string;
  readonly type: string;
  readonly path: string;
}

async function relationshipsOf(archive: ZipArchive, part: string): Promise<Relationship[]> {
  const folder = posix.dirname(part);
  const path = posix.join(folder, "_rels", `${posix.basename(part)}.rels`);
  const relationships: Relationship[] = [];
  if (!archive.has(path)) return relationships;
  await readAllXml(path, archive.text(path), {
    open(name, { Id, Type, Target }) {
      if (name !== "Relationship" || !Id || !Type || !Target) return;
      const absolute = Target.startsWith("/") ? Target.slice(1) : posix.join(folder, Target);
      relationships.push({ id: Id, type: Type, path: absolute });
    },
  });
  return relationships;
}

async function readSharedStrings(archive: ZipArchive): Promise<string[]> {
  const strings: string[] = [];
  let text = "";
  let inText = false;
  let phonetic = false;
  await readAllXml(SHARED_STRINGS, archive.text(SHARED_STRINGS), {
    open(name) {
      if (name === "si") text = "";
      if (name === "t") inText = !phonetic;
      if (name === "rPh") phonetic = true;
    },
    text(piece) {
      if (inText) text += piece;
    },
    close(name) {
      if (name === "si") strings.push(text);
      if (name === "t") inText = false;
      if (name === "rPh") phonetic = false;
    },
  });
  return strings;
}

/** Names the actual file type, because a failed download is mostly an HTML page. */
function refuseOtherFiles(bytes: Uint8Array): void {
  const start = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  if (start.startsWith("PK")) return;
  if (start.startsWith("\xd0\xcf\x11\xe0")) {
    throw new RefusedFile("it is an encrypted or an old binary workbook (.xls), not an .xlsx");
  }
  throw new RefusedFile(`it is ${describeStart(start)}, not an Excel workbook`);
}

export function describeStart(start: string): string {
  if (start === "") return "empty";
  if (start.startsWith("%PDF")) return "a PDF";
  if (start.startsWith("PK")) return "a zip archive or a workbook";
  if (/^\s*</.test(start)) return "a page of HTML or XML";
  return "of an unknown kind";
}
