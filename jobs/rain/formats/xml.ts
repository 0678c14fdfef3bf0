import { SaxesParser } from "saxes";
import { RefusedFile } from "../reading";

/** Callbacks for the events of an XML document; names have no namespace prefix. */
export interface XmlListener {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  close?(name: string): void;
  text?(text: string): void;
}

/**
 * Reads a document piece by piece and yields after each piece, so that the caller can take what its listener collected.
 * A document type is refused: a spreadsheet has none, and every entity attack needs one.
 */
export async function* readXml(
  path: string,
  pieces: AsyncIterable<string>,
  listener: XmlListener,
): AsyncGenerator<void> {
  const parser = new SaxesParser<{ position: false; xmlns: false }>({ position: false, xmlns: false });
  parser.on("doctype", () => {
    throw new RefusedFile(`${path} declares a document type, which a spreadsheet never does`);
  });
  parser.on("opentag", (tag) => listener.open?.(withoutPrefix(tag.name), tag.attributes));
  parser.on("closetag", (tag) => listener.close?.(withoutPrefix(tag.name)));
  parser.on("text", (text) => listener.text?.(text));
  parser.on("cdata", (text) => listener.text?.(text));
  try {
    for await (const piece of pieces) {
      parser.write(piece);
      yield;
    }
    parser.close();
    yield;
  } catch (error) {
    if (error instanceof RefusedFile) throw error;
    throw new RefusedFile(`${path} is not well-formed XML: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** Reads a whole document, only for the listener's callbacks. */
export async function readAllXml(
  path: string,
  pieces: AsyncIterable<string>,
  listener: XmlListener,
): Promise<void> {
  for await (const _ of readXml(path, pieces, listener));
}

function withoutPrefix(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(colon + 1);
}
