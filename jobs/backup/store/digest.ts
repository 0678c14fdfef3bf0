import { createHash } from "node:crypto";

/** Passes a stream on and knows its sum and its length when it has ended. */
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

  /** To be asked once, after the end. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
