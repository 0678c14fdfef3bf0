/** An entry of an archive: a file if it has content, else a directory. */
export interface TarEntry {
  /** An absolute path of at most 100 bytes. The archive contains it without the leading slash. */
  readonly path: string;
  /** The permissions in octal digits, for example `0644`. */
  readonly mode: string;
  /** `user` or `user:group`. */
  readonly owner: string;
  /** The file's text. @default none: the entry is a directory */
  readonly content?: string;
}

const BLOCK = 512;

/**
 * The time of every entry. It is fixed, so that the same content always gives the same archive. It is older than any
 * cluster: if a file differs from K3s' datastore, K3s uses the datastore if the file is older, and refuses to start if
 * the file is newer.
 */
const MODIFIED = Date.UTC(2000, 0, 1) / 1000;

/** Creates a POSIX (ustar) archive with owners by name, which any `tar` can unpack. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? "");
    return [header(entry, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header({ path, mode, owner, content }: TarEntry, size: number): Buffer {
  const [user = "root", group = user] = owner.split(":");
  const block = Buffer.alloc(BLOCK);
  const text = (offset: number, length: number, value: string) => {
    if (Buffer.byteLength(value) > length)
      throw new Error(`${path}: "${value}" is too long for a tar header`);
    block.write(value, offset);
  };
  const octal = (offset: number, length: number, value: number) =>
    text(offset, length, value.toString(8).padStart(length - 1, "0"));

  text(0, 100, content === undefined ? `${path.slice(1)}/` : path.slice(1));
  octal(100, 8, Number.parseInt(mode, 8));
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, MODIFIED);
  text(156, 1, content === undefined ? "5" : "0");
  text(257, 8, "ustar\x0000");
  text(265, 32, user);
  text(297, 32, group);
  // The checksum is computed with its own field filled with blanks.
  block.fill(" ", 148, 156);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  text(148, 8, `${checksum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK;

/** The files of an archive that {@link tar} created, by their paths in it. */
export function untar(archive: Buffer): Map<string, string> {
  return new Map(
    untarEntries(archive).flatMap(({ path, content }): [string, string][] =>
      content === undefined ? [] : [[path.slice(1), content]],
    ),
  );
}

/** The entries of an archive that {@link tar} or Python's `tarfile` created, with absolute paths. */
export function untarEntries(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  for (let at = 0; archive[at]; ) {
    const block = archive.subarray(at, at + BLOCK);
    const field = (offset: number, length: number) =>
      /^[^\0]*/.exec(block.toString("utf8", offset, offset + length))?.[0] ?? "";
    const size = Number.parseInt(field(124, 12), 8);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length !== size) throw new Error(`the archive is truncated in ${field(0, 100)}`);
    const path = `/${field(0, 100).replace(/\/$/, "")}`;
    const mode = field(100, 8).slice(-4);
    const owner = `${field(265, 32)}:${field(297, 32)}`;
    const kind = field(156, 1);
    if (kind === "0") entries.push({ path, mode, owner, content: content.toString("utf8") });
    if (kind === "5") entries.push({ path, mode, owner });
    at += BLOCK + size + padding(size);
  }
  return entries;
}
