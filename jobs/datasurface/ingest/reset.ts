import { randomUUID } from "node:crypto";
import { type Context, type DatabaseAddress, JobError, type Outcome } from "../../shared";
import { findStream, type Model } from "../model";
import { BatchLedger } from "./batches";
import { withStream } from "./only-writer";
import { dropStaged } from "./staging";
import { tablesOf } from "./tables";

interface ResetConfig {
  readonly platform: string;
  readonly store: string;
  readonly dataset: string | undefined;
  readonly merge: DatabaseAddress;
  readonly committedOk: boolean;
}

/**
 * Restarts the open batch of a stream under the current model, with nothing staged. The batch keeps its number, and
 * merged rows are not touched.
 */
export async function resetBatch(config: ResetConfig, model: Model, context: Context): Promise<Outcome> {
  const stream = findStream(model, config);
  return withStream(stream, config.merge, context, async (merge): Promise<Outcome> => {
    const batches = new BatchLedger(merge, stream, randomUUID());
    const newest = await batches.newest();
    if (newest?.status === "committed" && !config.committedOk) {
      throw new JobError(`Batch is COMMITTED and cannot be reset: batch ${newest.id} of ${stream.key}`);
    }
    if (newest && newest.status !== "committed") {
      const batch = await batches.claim(newest);
      await batches.change(batch, async () => {
        for (const dataset of stream.datasets) {
          await dropStaged(merge, tablesOf(stream.platform, stream.store, dataset), batch.id);
        }
        await batches.save({ ...batch, status: "started", state: batches.freshState() });
      });
      context.log.info({ batch: batch.id }, `batch ${batch.id} of ${stream.key} begins anew`);
    }
    context.print("SUCCESS");
    return "done";
  });
}
