import { type ZipEntry, zip } from "./zip";

/** A cell: a number, a text, a boolean, or a formula with its cached result. */
export type SheetValue =
  | number
  | string
  | boolean
  | { readonly formula: string; readonly result: number }
  | undefined;

export interface GeneratedSheet {
  readonly name: string;
  /** Rows by number, each a list of cells from column A. */
  readonly rows: Readonly<Record<number, readonly SheetValue[]>>;
  /** Comments by cell. @default none */
  readonly comments?: Readonly<Record<string, string>>;
}

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES = "http://schemas.openxmlformats.org/package/2006/content-types";
const KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships";

/** Writes sheets as an Excel workbook with Excel's structure: shared strings, comments in separate files. */
export function xlsx(sheets: readonly GeneratedSheet[]): Uint8Array {
  return zip(xlsxEntries(sheets));
}

/** The files inside a workbook, for tests that damage one of them. */
export function xlsxEntries(sheets: readonly GeneratedSheet[]): ZipEntry[] {
  const strings = new Map<string, number>();
  const entries: ZipEntry[] = sheets.flatMap((sheet, index) => sheetEntries(sheet, index + 1, strings));
  const shared = [...strings.keys()]
    .map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`)
    .join("");
  const list = sheets
    .map(
      ({ name }, index) => `<sheet name="${escaped(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
    )
    .join("");
  const targets = sheets
    .map((_, index) => relationship(index + 1, "worksheet", `worksheets/sheet${index + 1}.xml`))
    .join("");
  const comments = sheets.flatMap((sheet, index) => (sheet.comments ? [index + 1] : []));
  return [
    { path: "[Content_Types].xml", content: contentTypes(sheets.length, comments) },
    {
      path: "_rels/.rels",
      content: document(
        `<Relationships xmlns="${PACKAGE}">${relationship(1, "officeDocument", "xl/workbook.xml")}</Relationships>`,
      ),
    },
    {
      path: "xl/workbook.xml",
      content: document(
        `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}"><sheets>${list}</sheets></workbook>`,
      ),
    },
    {
      path: "xl/_rels/workbook.xml.rels",
      content: document(
        `<Relationships xmlns="${PACKAGE}">${targets}${relationship(sheets.length + 1, "sharedStrings", "sharedStrings.xml")}</Relationships>`,
      ),
    },
    { path: "xl/sharedStrings.xml", content: document(`<sst xmlns="${MAIN}">${shared}</sst>`) },
    ...entries,
  ];
}

/** What each file of the package is: readers other than ours find the workbook by it. */
function contentTypes(sheets: number, comments: readonly number[]): string {
  const part = (path: string, kind: string) =>
    `<Override PartName="/xl/${path}" ContentType="${KINDS}.${kind}+xml"/>`;
  const parts = [
    part("workbook.xml", "sheet.main"),
    part("sharedStrings.xml", "sharedStrings"),
    ...Array.from({ length: sheets }, (_, index) => part(`worksheets/sheet${index + 1}.xml`, "worksheet")),
    ...comments.map((number) => part(`comments${number}.xml`, "comments")),
  ];
  const defaults =
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    '<Default Extension="xml" ContentType="application/xml"/>';
  return document(`<Types xmlns="${TYPES}">${defaults}${parts.join("")}</Types>`);
}

function sheetEntries(sheet: GeneratedSheet, number: number, strings: Map<string, number>): ZipEntry[] {
  const rows = Object.entries(sheet.rows).map(
    ([row, cells]) =>
      `<row r="${row}">${cells.map((value, index) => cell(`${letters(index + 1)}${row}`, value, strings)).join("")}</row>`,
  );
  const entries: ZipEntry[] = [
    {
      path: `xl/worksheets/sheet${number}.xml`,
      content: document(`<worksheet xmlns="${MAIN}"><sheetData>${rows.join("")}</sheetData></worksheet>`),
    },
  ];
  if (!sheet.comments) return entries;
  const comments = Object.entries(sheet.comments)
    .map(
      ([at, text]) =>
        `<comment ref="${at}" authorId="0"><text><r><t>${escaped(text)}</t></r></text></comment>`,
    )
    .join("");
  return [
    ...entries,
    {
      path: `xl/worksheets/_rels/sheet${number}.xml.rels`,
      content: document(
        `<Relationships xmlns="${PACKAGE}">${relationship(1, "comments", `../comments${number}.xml`)}</Relationships>`,
      ),
    },
    {
      path: `xl/comments${number}.xml`,
      content: document(
        `<comments xmlns="${MAIN}"><authors><author/></authors><commentList>${comments}</commentList></comments>`,
      ),
    },
  ];
}

function cell(at: string, value: SheetValue, strings: Map<string, number>): string {
  if (value === undefined) return `<c r="${at}"/>`;
  if (typeof value === "boolean") return `<c r="${at}" t="b"><v>${Number(value)}</v></c>`;
  if (typeof value === "number") return `<c r="${at}"><v>${value}</v></c>`;
  if (typeof value === "object")
    return `<c r="${at}"><f>${escaped(value.formula)}</f><v>${value.result}</v></c>`;
  const index = strings.get(value) ?? strings.size;
  strings.set(value, index);
  return `<c r="${at}" t="s"><v>${index}</v></c>`;
}

const relationship = (id: number, type: string, target: string) =>
  `<Relationship Id="rId${id}" Type="${RELATIONSHIPS}/${type}" Target="${target}"/>`;

const document = (content: string) => `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${content}`;

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export function letters(column: number): string {
  const rest = Math.floor((column - 1) / 26);
  return (rest > 0 ? letters(rest) : "") + String.fromCharCode(65 + ((column - 1) % 26));
}
