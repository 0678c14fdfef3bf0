import { type Context, json, type ObjectStore, problem, type Reply, serve } from "../../shared";
import { metrics, storeUp } from "./metrics";
import { monitor } from "./monitor";

interface ExporterArgs {
  readonly host: string;
  readonly port: number;
  readonly store: ObjectStore;
  readonly maxAgeHours: number;
  readonly refreshSeconds: number;
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Tells Prometheus how the backups stand, from what is in the bucket: the runs themselves are long gone. The bucket is read
 * when somebody asks, and not again within the time of a refresh.
 */
export async function exportMetrics(args: ExporterArgs, context: Context): Promise<void> {
  const standing = new Known(args, context);
  await serve(
    {
      ...args,
      what: "the exporter of the backups",
      reply: async ({ pathname }): Promise<Reply> => {
        if (pathname === "/health") return json(200, { status: "ok" });
        if (pathname !== "/metrics") return problem(404, "the metrics are at /metrics");
        return { status: 200, type: METRICS_TYPE, body: await standing.text() };
      },
    },
    context,
  );
}

/** The text of the last look into the bucket. */
class Known {
  #text: Promise<string> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly args: Pick<ExporterArgs, "store" | "maxAgeHours" | "refreshSeconds">,
    private readonly context: Pick<Context, "log">,
  ) {}

  text(): Promise<string> {
    if (!this.#text || Date.now() - this.#readAt >= this.args.refreshSeconds * 1000) {
      this.#readAt = Date.now();
      this.#text = this.#read();
    }
    return this.#text;
  }

  async #read(): Promise<string> {
    try {
      return storeUp(true) + metrics(await monitor(this.args.store, new Date(), this.args.maxAgeHours));
    } catch (error) {
      this.context.log.warn(
        `the bucket cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
      this.#readAt = Number.NEGATIVE_INFINITY; // tried again at the next question
      return storeUp(false);
    }
  }
}
