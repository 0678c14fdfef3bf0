import { parentPort } from "node:worker_threads";
import { type PackedPart, type Part, RefusedFile } from "../reading";
import type { Answer, Request } from "./isolated-parser";
import { pack } from "./packing";
import { parse } from "./parse";

/** Parts are sent in batches of about this many readings: few messages, little memory. */
const READINGS_A_BATCH = 5_000;

let parts: AsyncGenerator<Part> | undefined;

parentPort?.on("message", async (request: Request) => {
  if (request.kind === "file") parts = parse(request.bytes, request.expected);
  if (request.kind === "next" && parts) parentPort?.postMessage(await nextBatch(parts));
});

async function nextBatch(from: AsyncGenerator<Part>): Promise<Answer> {
  const batch: PackedPart[] = [];
  try {
    for (let readings = 0; readings < READINGS_A_BATCH; ) {
      const { done, value } = await from.next();
      if (done) return { kind: "end", parts: batch };
      batch.push(pack(value));
      readings += value.kind === "readings" ? value.readings.length : 1;
    }
    return { kind: "more", parts: batch };
  } catch (error) {
    if (error instanceof RefusedFile) return { kind: "refused", reason: error.message };
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "crashed", reason };
  }
}
