import { Readable } from "node:stream";
import type { Connection, Submittable } from "pg";

type Socket = NodeJS.ReadableStream & NodeJS.EventEmitter;
type Listener = (chunk: Buffer) => void;

/** Codes of the protocol's messages: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const COPY_DATA = 0x64;
const SKIPPED = new Set([..."HNSA"].map((code) => code.charCodeAt(0))); // CopyOutResponse, notices, settings, NOTIFY

/** A message's code and length. */
const HEADER_BYTES = 5;

/** Rows that wait for a slower writer. */
const BUFFER_BYTES = 2 ** 20;

/**
 * The bytes of `COPY ... TO STDOUT`. PostgreSQL sends each row as a message of its own; `to` of pg-copy-streams makes an
 * object of each, which costs more than the copy itself. This class moves the rows together in the chunk in which they
 * came from the socket, so that a chunk costs one object.
 */
export class CopyOut extends Readable implements Submittable {
  rowCount = 0;
  private socket: Socket | undefined;
  /** pg's own listener, which is away while the rows come. */
  private listener: Listener | undefined;
  /** What has come of the next message's header. */
  private header = Buffer.alloc(0);
  /** Bytes of the current message that are still to come. */
  private left = 0;
  private isData = false;
  private isOver = false;

  constructor(readonly text: string) {
    super({ highWaterMark: BUFFER_BYTES });
  }

  submit(connection: Connection): void {
    // Safe: pg's types do not include the socket, nor `query` of a connection. Only pg's parser listens to its data.
    const { stream } = connection as unknown as { stream: Socket };
    const { query } = connection as unknown as { query: (text: string) => void };
    const [listener, ...others] = stream.listeners("data") as Listener[];
    if (!listener || others.length > 0) throw new Error("a session has one reader");
    this.socket = stream;
    this.listener = listener;
    stream.off("data", listener).on("data", this.receive);
    query.call(connection, this.text);
  }

  override _read(): void {
    if (this.listener) this.socket?.resume();
  }

  /** A reader that gives up leaves the session unusable, as every COPY that is not read to its end. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.listener) this.socket?.pause();
    done(error);
  }

  private readonly receive = (chunk: Buffer): void => {
    let kept = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.left > 0) {
        const size = Math.min(this.left, chunk.length - at);
        if (this.isData) {
          chunk.copyWithin(kept, at, at + size);
          kept += size;
        }
        this.left -= size;
        at += size;
      } else if (this.header.length === 0 && at + HEADER_BYTES <= chunk.length) {
        if (!this.begin(chunk[at] ?? 0, chunk.readUInt32BE(at + 1))) break;
        at += HEADER_BYTES;
      } else {
        // The header is divided between two chunks.
        const more = chunk.subarray(at, at + HEADER_BYTES - this.header.length);
        this.header = Buffer.concat([this.header, more]);
        at += more.length;
        if (this.header.length < HEADER_BYTES) break;
        if (!this.begin(this.header[0] ?? 0, this.header.readUInt32BE(1))) break;
        this.header = Buffer.alloc(0);
      }
    }
    if (kept > 0 && !this.push(chunk.subarray(0, kept))) this.socket?.pause();
    if (this.isOver) this.giveBack(Buffer.concat([this.header, chunk.subarray(at)]));
  };

  /** Begins a message; false for one that ends the rows, which pg must read. */
  private begin(code: number, length: number): boolean {
    this.isData = code === COPY_DATA;
    this.isOver = !this.isData && !SKIPPED.has(code);
    this.left = length - 4;
    return !this.isOver;
  }

  /** Lets pg read again, from the message that ended the rows. */
  private giveBack(rest: Buffer): void {
    const { socket, listener } = this;
    if (!socket || !listener) return;
    this.listener = undefined;
    socket.off("data", this.receive).on("data", listener);
    socket.resume();
    listener(rest);
  }

  handleError(error: Error): void {
    this.destroy(error);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.rowCount = Number(/COPY (\d+)/.exec(text)?.[1]);
  }

  /** The rows end when the session can take its next statement. */
  handleReadyForQuery(): void {
    this.push(null);
  }
}
