import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  openDatabase,
  sqlState,
  tryLock,
} from "../../shared";
import type { Stream } from "../model";
import { LOCK_TIMEOUT, LOCK_WAIT_SECONDS, lockRefusal } from "./source";
import { ensureBatchTables } from "./tables";

/** Another run is the writer of the stream. */
export class StreamBusy extends JobError {}

/** What administrators of a database see of a stream's sessions. */
export const applicationOf = ({ platform, key }: Stream) => `datasurface ${platform.name} ${key}`;

/**
 * Runs work as the only writer of a stream. A separate session holds the lock while the work runs; a second run fails
 * at once.
 */
export async function withStream<T>(
  stream: Stream,
  address: DatabaseAddress,
  {
    signal,
    lockWaitSeconds = LOCK_WAIT_SECONDS,
  }: Pick<Context, "signal"> & { readonly lockWaitSeconds?: number | undefined },
  work: (merge: Database) => Promise<T>,
): Promise<T> {
  const purpose = "the merge database";
  const name = applicationOf(stream);
  const lock = await openDatabase(address, { purpose, applicationName: `${name} lock`, signal });
  try {
    if (!(await tryLock(lock, name))) {
      throw new StreamBusy(`${stream.key} on ${stream.platform.name} is busy: another run is at work on it`);
    }
    const merge = await openDatabase(address, { purpose, applicationName: name, signal });
    try {
      await merge.query(`SET lock_timeout = '${lockWaitSeconds}s'`);
      await ensureBatchTables(merge, stream.platform);
      return await work(merge);
    } catch (error) {
      if (sqlState(error) !== LOCK_TIMEOUT) throw error;
      throw await lockRefusal(merge, stream, `the tables of ${name}`, lockWaitSeconds, error);
    } finally {
      await merge.end().catch(() => undefined);
    }
  } finally {
    await lock.end().catch(() => undefined);
  }
}
