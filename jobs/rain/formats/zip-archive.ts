import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { RefusedFile } from "../reading";

/**
 * Far above what the provider publishes (70 entries, the largest 450 KB, 12 MB in all), far below what does harm. The
 * declared sizes reveal a zip bomb; if they are false, yauzl stops at the declared size.
 */
const LIMITS = { entries: 1_000, entryBytes: 32 << 20, totalBytes: 192 << 20 };

/** The files inside a zip archive, read one at a time on demand, and never beyond their declared size. */
export class ZipArchive {
  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  static async open(bytes: Uint8Array): Promise<ZipArchive> {
    try {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const zip = await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false });
      if (zip.entryCount > LIMITS.entries) throw new RefusedFile(`the archive has ${zip.entryCount} entries`);
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (entries.has(entry.fileName)) throw new RefusedFile(`the archive holds ${entry.fileName} twice`);
        entries.set(entry.fileName, entry);
      }
      checkSizes(entries.values());
      return new ZipArchive(zip, entries);
    } catch (error) {
      throw asRefusal(error, "it is no readable zip archive");
    }
  }

  has(path: string): boolean {
    return this.entries.has(path);
  }

  /** The decompressed text of an entry, piece by piece; the checksum is verified at the end. */
  async *text(path: string): AsyncGenerator<string> {
    const entry = this.entries.get(path);
    if (!entry) throw new RefusedFile(`the archive has no ${path}`);
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true });
      let checksum = 0;
      for await (const chunk of await this.zip.openReadStreamPromise(entry)) {
        checksum = crc32(chunk, checksum);
        yield decoder.decode(chunk, { stream: true });
      }
      yield decoder.decode();
      if (checksum !== entry.crc32) throw new RefusedFile(`${path} is damaged: its checksum differs`);
    } catch (error) {
      throw asRefusal(error, `${path} cannot be read`);
    }
  }
}

function checkSizes(entries: Iterable<Entry>): void {
  let total = 0;
  for (const entry of entries) {
    total += entry.uncompressedSize;
    if (entry.uncompressedSize > LIMITS.entryBytes) {
      throw new RefusedFile(`${entry.fileName} would unpack to ${mebibytes(entry.uncompressedSize)}`);
    }
  }
  if (total > LIMITS.totalBytes) throw new RefusedFile(`the archive would unpack to ${mebibytes(total)}`);
}

const mebibytes = (bytes: number) => `${Math.round(bytes / (1 << 20))} MiB`;

function asRefusal(error: unknown, what: string): RefusedFile {
  if (error instanceof RefusedFile) return error;
  return new RefusedFile(`${what}: ${error instanceof Error ? error.message : String(error)}`);
}
