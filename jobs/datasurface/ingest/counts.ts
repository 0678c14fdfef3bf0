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
