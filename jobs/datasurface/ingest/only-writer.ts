import {
  type Context,
  type Database,
  type DatabaseAddress,
  openDatabase,
  tryLock,
  UserError,
} from "../../shared";
import type { Stream } from "../model";
import { ensureBatchTables } from "./batch-tables";

/** Another run is the writer of the stream. */
export class StreamBusy extends UserError {}

/**
 * Runs work as the only writer of a stream. A separate session holds the lock while the work runs; a second run fails
 * at once.
 */
export async function withStream<T>(
  stream: Stream,
  address: DatabaseAddress,
  { signal }: Pick<Context, "signal">,
  work: (merge: Database) => Promise<T>,
): Promise<T> {
  const purpose = "the merge database";
  const name = `datasurface ${stream.platform.name} ${stream.key}`;
  const lock = await openDatabase(address, { purpose, applicationName: `${name} lock`, signal });
  try {
    if (!(await tryLock(lock, name))) {
      throw new StreamBusy(`${stream.key} on ${stream.platform.name} is busy: another run is at work on it`);
    }
    const merge = await openDatabase(address, { purpose, applicationName: name, signal });
    try {
      await ensureBatchTables(merge, stream.platform);
      return await work(merge);
    } finally {
      await merge.end().catch(() => undefined);
    }
  } finally {
    await lock.end().catch(() => undefined);
  }
}
