import { RefusedFile } from "../reading";
import { describeStart } from "./spreadsheet";

/** One printed line, its words from left to right. */
type Line = string;

/** The provider prints 45 pages; a file with thousands is something else. */
const MOST_PAGES = 500;

/** Items whose baselines differ by less (in points) are on one line; lines are 11 to 13 points apart. */
const SAME_LINE = 2;

/** A gap wider than this share of the font size is a space; kerning inside a number stays far below. */
const BLANK = 0.2;

interface TextItem {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly size: number;
}

/** The lines of every page, top to bottom; each page is returned before the next one is read. */
export async function* pagesOf(bytes: Uint8Array): AsyncGenerator<Line[]> {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  if (!start.includes("%PDF-")) throw new RefusedFile(`it is ${describeStart(start)}, not a PDF`);
  const { getDocument } = await loadReader();
  // The PDF reader takes ownership of the bytes, so it gets a copy.
  const task = getDocument({
    data: Uint8Array.from(bytes),
    verbosity: 0,
    useSystemFonts: false,
    disableFontFace: true,
  });
  try {
    const document = await task.promise;
    if (document.numPages > MOST_PAGES) throw new RefusedFile(`it has ${document.numPages} pages`);
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      yield linesOf(items.flatMap((item) => ("str" in item ? [textItem(item)] : [])));
      page.cleanup();
    }
  } catch (error) {
    if (error instanceof RefusedFile) throw error;
    throw new RefusedFile(
      `it cannot be read as a PDF: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await task.destroy();
  }
}

/** Loaded on first use: loading takes longer than reading a workbook. */
async function loadReader() {
  const host: typeof globalThis & { DOMMatrix?: unknown; pdfjsWorker?: unknown } = globalThis;
  // The PDF reader needs DOMMatrix only to draw, but requires it while it loads, and Node has none.
  host.DOMMatrix ??= class {};
  // This code already runs in its own thread, so the PDF reader's worker runs in the same thread.
  host.pdfjsWorker ??= await import("pdfjs-dist/legacy/build/pdf.worker.mjs");
  return await import("pdfjs-dist/legacy/build/pdf.mjs");
}

function textItem(item: { str: string; transform: number[]; width: number; height: number }): TextItem {
  const [, , , size = 0, x = 0, y = 0] = item.transform;
  return { text: item.str, x, y, width: item.width, size: Math.abs(size) || item.height };
}

/** Groups items, which were drawn in any order, into lines, and joins the pieces of split numbers. */
function linesOf(items: readonly TextItem[]): Line[] {
  const lines: { y: number; items: TextItem[] }[] = [];
  for (const item of [...items].sort((a, b) => b.y - a.y)) {
    if (item.text === "") continue;
    const last = lines.at(-1);
    if (last && last.y - item.y < SAME_LINE) last.items.push(item);
    else lines.push({ y: item.y, items: [item] });
  }
  return lines.map((line) => joined(line.items)).filter((line) => line !== "");
}

function joined(items: TextItem[]): Line {
  let text = "";
  let end = Number.NEGATIVE_INFINITY;
  for (const item of items.sort((a, b) => a.x - b.x)) {
    text += item.x - end > item.size * BLANK ? ` ${item.text}` : item.text;
    end = item.x + item.width;
  }
  return text.replace(/[\s\u00a0]+/g, " ").trim();
}
