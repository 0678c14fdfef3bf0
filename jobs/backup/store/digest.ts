import { createHash } from "node:crypto";

/** Passes a stream through and computes its SHA-256 and length. */
export class Digest {
  readonly #hash = createHash("sha256");
  bytes = 0;

  async *of(source: AsyncIterable<Buffer>, onChunk?: (bytes: number) => void): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.#hash.update(chunk);
      this.bytes += chunk.length;
      onChunk?.(chunk.length);
      yield chunk;
    }
  }

  /** Call it once, after the stream has ended. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
