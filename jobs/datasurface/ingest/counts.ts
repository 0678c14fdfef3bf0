import type { Logger } from "../../shared";

/** What a merge did to one dataset, or to the whole batch. */
export interface Counts {
  readonly keys_new: number;
  readonly records_inserted: number;
  readonly records_updated: number;
  readonly records_deleted: number;
  readonly unchanged: number;
  readonly total_records: number;
}

/** The counts of a dataset that was empty before. */
export const allNew = (rows: number): Counts => ({
  keys_new: rows,
  records_inserted: rows,
  records_updated: 0,
  records_deleted: 0,
  unchanged: 0,
  total_records: rows,
});

export function sum(counts: readonly Counts[]): Counts {
  const add = (field: keyof Counts) => counts.reduce((total, each) => total + each[field], 0);
  return {
    keys_new: add("keys_new"),
    records_inserted: add("records_inserted"),
    records_updated: add("records_updated"),
    records_deleted: add("records_deleted"),
    unchanged: add("unchanged"),
    total_records: add("total_records"),
  };
}

/** Logs what a batch did, for each dataset and in total. `started`: when, by performance.now(). */
export function reportCounts(
  log: Pick<Logger, "info">,
  batch: number,
  counts: Readonly<Record<string, Counts>>,
  started: number,
): void {
  for (const [dataset, count] of Object.entries(counts))
    log.info({ batch, dataset, ...count }, `merged ${dataset}`);
  const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
  log.info({ batch, ...sum(Object.values(counts)), seconds }, `committed batch ${batch}`);
}
