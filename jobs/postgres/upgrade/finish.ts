import {
  type Context,
  type DatabaseAddress,
  JobError,
  quoteIdentifier,
  reason,
  retry,
  withDatabase,
  withLibpq,
} from "../../shared";
import { APPLICATION, type Release, runProgram } from "./programs";

/** The leader may restart once more, or HAProxy may not have found it yet. */
const RECONNECT = { attempts: 8, firstDelayMs: 1_000, longestDelayMs: 10_000 };

interface FinishArgs {
  readonly leader: DatabaseAddress;
  readonly new: Release;
}

/**
 * What the new release needs once it serves: extensions in its own versions, and the planner's statistics, which
 * pg_upgrade before 18 does not bring over. Queries are slow until the first of three rounds is done.
 */
export async function finishUpgrade(
  { leader, new: next }: FinishArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<string> {
  const session = { purpose: "the leader of PostgreSQL", applicationName: APPLICATION, signal };
  const names = await retry(() => databasesOf(leader, session, next), {
    ...RECONNECT,
    signal,
    retryable: (error) => !(error instanceof OtherRelease),
    onRetry: (error, _, delayMs) => {
      log.warn(`${reason(error)}; the next attempt is in ${delayMs} ms`);
      return undefined;
    },
  });
  let updated = 0;
  for (const name of names) {
    updated += await withDatabase({ ...leader, database: name }, session, async (database) => {
      const { rows } = await database.query<{ name: string; version: string }>(
        `SELECT name, default_version AS version FROM pg_available_extensions
         WHERE installed_version <> default_version ORDER BY name`,
      );
      for (const extension of rows) {
        await database.query(`ALTER EXTENSION ${quoteIdentifier(extension.name)} UPDATE`);
        log.info(
          { database: name, ...extension },
          `${extension.name} of ${name} is ${extension.version} now`,
        );
      }
      return rows.length;
    });
  }
  await analyze(next, leader, signal);
  return `${updated} extensions updated, ${names.length} databases analyzed`;
}

async function analyze(next: Release, leader: DatabaseAddress, signal: AbortSignal): Promise<void> {
  const words = ["--all", "--analyze-in-stages", ...(next.major >= 18 ? ["--missing-stats-only"] : [])];
  await withLibpq(leader, APPLICATION, (environment) =>
    runProgram(next, "vacuumdb", words, { cwd: "/", signal, environment }),
  );
}

class OtherRelease extends JobError {}

function databasesOf(
  leader: DatabaseAddress,
  session: Parameters<typeof withDatabase>[1],
  next: Release,
): Promise<string[]> {
  return withDatabase(leader, session, async (database) => {
    const { rows } = await database.query<{ major: number }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    if (rows[0]?.major !== next.major) {
      throw new OtherRelease(
        `the leader is of PostgreSQL ${rows[0]?.major}, not of ${next.major}: run the upgrade first`,
      );
    }
    const found = await database.query<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE datallowconn",
    );
    return found.rows.map(({ name }) => name);
  });
}
