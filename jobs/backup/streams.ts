import type { Readable } from "node:stream";
import { UserError } from "../shared";
import { opened, type Running, type StartArgs, start } from "./programs";

/** Starts the program that the data comes from or goes to, with what `start` needs of pipes. */
export type Launch = (pipes: Pick<StartArgs, "stdin" | "stdout">) => Running;

/** Bytes of a program: no encoding is set, so they are buffers. */
export const bytesFrom = (stream: Readable | null) => opened(stream) as AsyncIterable<Buffer>;

/**
 * What a program writes, compressed as it comes. pg_dump's own compression before PostgreSQL 16 is gzip alone, and COPY
 * has none; zstd is the faster and the smaller of the two (docs/backup.md has the figures). The data goes from program to
 * program, and only the compressed bytes come here. Ends only after both have ended well.
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

/** What is stored cannot be unpacked. */
export class UnpackingError extends UserError {}

/** The same way back: what had been compressed. */
export async function* unpacked(
  zstd: string,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const unpacking = start(zstd, UNPACK, { stdin: "pipe", stdout: "pipe", signal });
  const feeding = feed(source, opened(unpacking.child.stdin));
  feeding.catch(() => undefined); // zstd finds its input short first; the reason is asked for below
  try {
    yield* bytesFrom(unpacking.child.stdout);
    await feeding;
    await unpacking.ended.catch(reportDamage);
  } finally {
    unpacking.child.kill("SIGKILL");
  }
}

/** Unpacks for nobody: zstd's own checksums are what is asked. */
export async function test(zstd: string, source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  const testing = start(zstd, ["-t", "-q"], { stdin: "pipe", signal });
  try {
    await feed(source, opened(testing.child.stdin));
    await testing.ended.catch(reportDamage);
  } finally {
    testing.child.kill("SIGKILL");
  }
}

/** Unpacks stored bytes into a program, and returns when it has taken all of them and ended well. */
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
    // In the order of who knows best: the storage, then zstd where it could not read, then the program that took it.
    const ends = await Promise.allSettled([feeding, unpackingEnded, taking.ended, unpacking.ended]);
    const failure = ends.find((end) => end.status === "rejected" && !(end.reason instanceof Consequence));
    if (failure?.status === "rejected") throw failure.reason;
  } finally {
    taking.child.kill("SIGKILL");
    unpacking.child.kill("SIGKILL");
  }
}

const UNPACK = ["-d", "-c", "-q"];

/** zstd ended because nobody reads it any more, and who should have read says why. */
class Consequence extends Error {}

function reportDamage(error: unknown): never {
  if (!(error instanceof UserError)) throw error;
  throw /SIGPIPE|Broken pipe/.test(error.message) ? new Consequence() : new UnpackingError(error.message);
}

/** Hands on what is read for as long as somebody takes it. */
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
