import { type Context, exporterReply, type GaugeFamily, type ObjectStore, reason, serve } from "../../shared";
import { standingFamilies, storeUp } from "./metrics";
import { monitor } from "./monitor";

interface ExporterArgs {
  readonly host: string;
  readonly port: number;
  readonly store: ObjectStore;
  readonly maxAgeHours: number;
  readonly refreshSeconds: number;
}

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
      reply: (url) => exporterReply(url, () => standing.families()),
    },
    context,
  );
}

/** What the last look into the bucket found. */
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
      this.#readAt = Number.NEGATIVE_INFINITY; // tried again at the next question
      return [storeUp(false)];
    }
  }
}
