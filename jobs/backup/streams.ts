import type { Readable } from "node:stream";
import { JobError } from "../shared";
import { opened, type Running, type StartArgs, start } from "./programs";

/** Starts the program that produces or consumes the data, with the pipes that it needs. */
export type Launch = (pipes: Pick<StartArgs, "stdin" | "stdout">) => Running;

/** A program's output. No encoding is set, so the chunks are buffers. */
export const bytesFrom = (stream: Readable | null) => opened(stream) as AsyncIterable<Buffer>;

/**
 * Compresses a program's output as it arrives. Before PostgreSQL 16, pg_dump compresses only with gzip, and COPY does
 * not compress; zstd is faster and smaller (docs/backup.md has the figures). The data goes from program to program, and
 * only compressed bytes reach this process. It ends only after both programs have succeeded.
 */
export async function* compressed(
  zstd: string,
  level: number,
  signal: AbortSignal,
  launch: Launch,
): AsyncGenerator<Buffer> {
  const compressing = start(zstd, [`-${level}`, "--check", "-c", "-q"], {
    stdin: "pipe",
    stdout: "pipe",
    signal,
  });
  const writing = launch({ stdout: opened(compressing.child.stdin) });
  try {
    yield* bytesFrom(compressing.child.stdout);
    await Promise.all([writing.ended, compressing.ended]);
  } finally {
    writing.child.kill("SIGKILL");
    compressing.child.kill("SIGKILL");
  }
}

/** The stored data cannot be unpacked. */
export class UnpackingError extends JobError {}

/** The reverse: unpacks what was compressed. */
export async function* unpacked(
  zstd: string,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const unpacking = start(zstd, UNPACK, { stdin: "pipe", stdout: "pipe", signal });
  const feeding = feed(source, opened(unpacking.child.stdin));
  feeding.catch(() => undefined); // zstd notices the short input first; the reason is awaited below
  try {
    yield* bytesFrom(unpacking.child.stdout);
    await feeding;
    await unpacking.ended.catch(reportDamage);
  } finally {
    unpacking.child.kill("SIGKILL");
  }
}

/** Unpacks without output, to test zstd's own checksums. */
export async function test(zstd: string, source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  const testing = start(zstd, ["-t", "-q"], { stdin: "pipe", signal });
  try {
    await feed(source, opened(testing.child.stdin));
    await testing.ended.catch(reportDamage);
  } finally {
    testing.child.kill("SIGKILL");
  }
}

/** Unpacks stored bytes into a program, and returns when the program has read all of them and succeeded. */
export async function unpackInto(
  zstd: string,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
  launch: Launch,
): Promise<void> {
  const taking = launch({ stdin: "pipe" });
  const unpacking = start(zstd, UNPACK, { stdin: "pipe", stdout: opened(taking.child.stdin), signal });
  try {
    const feeding = feed(source, opened(unpacking.child.stdin));
    const unpackingEnded = unpacking.ended.catch(reportDamage);
    // The most likely cause first: the storage, then zstd if it could not read, then the program that consumed the
    // data.
    const ends = await Promise.allSettled([feeding, unpackingEnded, taking.ended, unpacking.ended]);
    const failure = ends.find((end) => end.status === "rejected" && !(end.reason instanceof Consequence));
    if (failure?.status === "rejected") throw failure.reason;
  } finally {
    taking.child.kill("SIGKILL");
    unpacking.child.kill("SIGKILL");
  }
}

const UNPACK = ["-d", "-c", "-q"];

/** zstd ended because its reader stopped; the reader's own error gives the reason. */
class Consequence extends Error {}

function reportDamage(error: unknown): never {
  if (!(error instanceof JobError)) throw error;
  throw /SIGPIPE|Broken pipe/.test(error.message) ? new Consequence() : new UnpackingError(error.message);
}

/** Passes the data on while the consumer reads it. */
async function feed(source: AsyncIterable<Buffer>, into: NodeJS.WritableStream): Promise<void> {
  const closed = new Promise<"closed">((resolve) => into.once("close", () => resolve("closed")));
  try {
    for await (const chunk of source) {
      if (into.write(chunk)) continue;
      const drained = new Promise<"drained">((resolve) => into.once("drain", () => resolve("drained")));
      if ((await Promise.race([drained, closed])) === "closed") return;
    }
  } finally {
    into.end();
  }
}

export async function collect(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
