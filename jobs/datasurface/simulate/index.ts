import { setTimeout as wait } from "node:timers/promises";
import {
  type Context,
  type Database,
  type DatabaseAddress,
  JobError,
  type Outcome,
  openDatabase,
  retry,
  sqlState,
} from "../../shared";
import { type Clock, createTables, OPERATIONS } from "./operations";
import { Random } from "./random";

interface SimulateConfig {
  readonly source: DatabaseAddress;
  readonly minInterval: number;
  readonly maxInterval: number;
  readonly maxChanges: number | undefined;
  /** Changes per second, instead of the intervals. */
  readonly rate: number | undefined;
  readonly seed: number | undefined;
  readonly verbose: boolean;
  readonly createTables: boolean;
}

const MOST_FAILURES = 10;
const RECONNECT = { attempts: 5, firstDelayMs: 5_000, longestDelayMs: 5_000 };

/** A seeded run uses this year, so that it always draws the same birthdays. */
const SEEDED_YEAR = 2025;

/**
 * Changes customers and addresses at random until it is stopped or has made its number of changes. A stop is not an
 * error: the current change is finished first.
 */
export async function simulate(config: SimulateConfig, context: Context): Promise<Outcome> {
  const { log, signal } = context;
  const random = new Random(config.seed);
  const clock = clockOf(config.seed, random);
  let source = await connect(config);
  let changes = 0;
  let failures = 0;
  try {
    if (config.createTables) await createTables(source);
    log.info({ database: config.source.database }, "the simulator changes the source");
    while (!signal.aborted && changes < (config.maxChanges ?? Number.POSITIVE_INFINITY)) {
      const failure = await change(source, random, clock).then(
        (done) => {
          if (done === undefined) return "nothing to change";
          changes++;
          log[config.verbose ? "info" : "debug"]({ changes }, done);
          return undefined;
        },
        (error: unknown) => error,
      );
      failures = failure === undefined ? 0 : failures + 1;
      if (failure !== undefined) log.debug(String(failure));
      if (failures >= MOST_FAILURES) {
        throw new JobError(`${MOST_FAILURES} changes in a row failed, the last with: ${message(failure)}`);
      }
      if (isLost(failure)) source = await reconnect(source, config, context);
      await pause(config, random, signal);
    }
  } finally {
    await source.end().catch(() => undefined);
  }
  log.info({ changes }, `the simulator stops after ${changes} changes`);
  return "done";
}

function change(source: Database, random: Random, clock: Clock): Promise<string | undefined> {
  return random.weighted(OPERATIONS)(source, random, clock);
}

const connect = ({ source }: SimulateConfig) =>
  openDatabase(source, { purpose: "the source database", applicationName: "datasurface simulator" });

async function reconnect(
  lost: Database,
  config: SimulateConfig,
  { log, signal }: Context,
): Promise<Database> {
  await lost.end().catch(() => undefined);
  log.warn("the connection is lost, trying to connect again");
  return retry(() => connect(config), { ...RECONNECT, signal, onRetry: () => RECONNECT.firstDelayMs });
}

/** An error without an SQL state came from the connection; so did one of the classes for lost connections. */
const isLost = (failure: unknown) =>
  failure instanceof Error && (sqlState(failure) === undefined || /^(08|57P)/.test(sqlState(failure) ?? ""));

async function pause(
  { rate, minInterval, maxInterval }: SimulateConfig,
  random: Random,
  signal: AbortSignal,
) {
  const seconds = rate === undefined ? random.between(minInterval, maxInterval) : 1 / rate;
  await wait(seconds * 1000, undefined, { signal }).catch(() => undefined); // a stop ends the pause
}

/** Ids start with the last digits of the time; with a seed the digits are drawn, so that a run is repeatable. */
const clockOf = (seed: number | undefined, random: Random): Clock =>
  seed === undefined
    ? { year: new Date().getFullYear(), stamp: () => String(Math.floor(Date.now() / 1000)).slice(-8) }
    : { year: SEEDED_YEAR, stamp: () => random.digits(8) };

const message = (failure: unknown) => (failure instanceof Error ? failure.message : String(failure));
