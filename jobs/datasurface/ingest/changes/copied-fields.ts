/** "PGCOPY\n\xff\r\n\0", a field of flags and the length of an extension, which no server sends. */
const HEADER_BYTES = 11 + 4 + 4;

const ENDS = 0xffff;

/**
 * The fields of a `COPY (SELECT one_column ...) TO STDOUT (FORMAT binary)`, as many at a time as a chunk completes:
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
 */
export async function* copiedFields(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  let waiting: Buffer[] = [];
  let size = 0;
  let needed = HEADER_BYTES;
  let isHeader = true;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < needed) continue; // a field of many chunks is put together once, when it is complete
    const bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    let at = isHeader ? HEADER_BYTES : 0;
    isHeader = false;
    const fields: Buffer[] = [];
    needed = 2;
    while (bytes.length - at >= 2 && bytes.readUInt16BE(at) !== ENDS) {
      needed = 2 + 4;
      if (bytes.length - at < needed) break;
      needed += bytes.readUInt32BE(at + 2);
      if (bytes.length - at < needed) break;
      fields.push(bytes.subarray(at + 6, at + needed));
      at += needed;
      needed = 2;
    }
    const rest = bytes.subarray(at);
    waiting = rest.length > 0 ? [rest] : [];
    size = rest.length;
    if (fields.length > 0) yield fields;
  }
}
