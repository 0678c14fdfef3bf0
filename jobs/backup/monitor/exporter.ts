import { type Context, exporterReply, type GaugeFamily, type ObjectStore, reason, serve } from "../../shared";
import { standingFamilies, storeUp } from "./metrics";
import { monitor } from "./monitor";

interface ExporterArgs {
  readonly host: string;
  readonly port: number;
  readonly store: ObjectStore;
  /** Age of the newest backup above which it counts as an alert. */
  readonly maxAgeHours: number;
  /** How long the result of reading the bucket is cached. */
  readonly refreshSeconds: number;
}

/**
 * Serves metrics on the state of the backups, read from the bucket: the pods of the runs are long gone. The bucket is
 * read on request, at most once per refresh interval.
 */
export async function exportMetrics(args: ExporterArgs, context: Context): Promise<void> {
  const standing = new Known(args, context);
  await serve(
    {
      ...args,
      what: "the exporter of the backups",
      reply: (url) => exporterReply(url, () => standing.families()),
    },
    context,
  );
}

/** Caches the result of the last read of the bucket. */
class Known {
  #families: Promise<readonly GaugeFamily[]> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly args: Pick<ExporterArgs, "store" | "maxAgeHours" | "refreshSeconds">,
    private readonly context: Pick<Context, "log">,
  ) {}

  families(): Promise<readonly GaugeFamily[]> {
    if (!this.#families || Date.now() - this.#readAt >= this.args.refreshSeconds * 1000) {
      this.#readAt = Date.now();
      this.#families = this.#read();
    }
    return this.#families;
  }

  async #read(): Promise<readonly GaugeFamily[]> {
    try {
      const standing = await monitor(this.args.store, new Date(), this.args.maxAgeHours);
      return [storeUp(true), ...standingFamilies(standing)];
    } catch (error) {
      this.context.log.warn(`the bucket cannot be read: ${reason(error)}`);
      this.#readAt = Number.NEGATIVE_INFINITY; // retry on the next request
      return [storeUp(false)];
    }
  }
}
