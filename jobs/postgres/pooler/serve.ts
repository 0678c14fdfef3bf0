import { lookup } from "node:dns/promises";
import {
  type Context,
  type DatabaseAddress,
  exporterReply,
  type GaugeFamily,
  reason,
  serve,
  withDatabase,
} from "../../shared";
import { type Answers, poolerFamilies, type Row } from "./families";

interface PoolerMetricsConfig {
  /** The admin console of all poolers: its name has an address for each. */
  readonly pooler: DatabaseAddress;
  readonly host: string;
  readonly port: number;
}

/** Serves the metrics of all PgBouncers, until it is stopped. */
export async function servePoolerMetrics(
  { pooler, ...place }: PoolerMetricsConfig,
  context: Context,
): Promise<"done"> {
  await serve(
    {
      ...place,
      what: "the exporter of PgBouncer",
      reply: (url) => exporterReply(url, () => families(pooler, context)),
    },
    context,
  );
  return "done";
}

async function families(
  pooler: DatabaseAddress,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<GaugeFamily[]> {
  const answers = await Promise.all(
    (await addressesOf(pooler.host)).map(async (host) => {
      try {
        return { pooler: host, answers: await ask({ ...pooler, host }, signal) };
      } catch (error) {
        log.warn(reason(error));
        return { pooler: host };
      }
    }),
  );
  return poolerFamilies(answers);
}

/** None where the name is unknown: no pooler is ready. */
const addressesOf = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address);

/** A session for each scrape costs little, and none is left that could be broken. */
async function ask(pooler: DatabaseAddress, signal: AbortSignal): Promise<Answers> {
  const session = {
    purpose: "PgBouncer's console",
    applicationName: "metrics",
    isConsole: true,
    signal,
  };
  return withDatabase(pooler, session, async (database) => {
    const show = async (what: string) => {
      const { rows } = await database.query(`SHOW ${what}`);
      return rows as Row[]; // safe: pg makes an object of each row
    };
    return { pools: await show("POOLS"), databases: await show("DATABASES"), stats: await show("STATS") };
  });
}
