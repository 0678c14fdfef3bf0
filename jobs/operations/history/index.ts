export { History, type HistoryEntry, type HistoryPlace, KEPT_RUNS, trendOf } from "./history";
export { historyFamilies } from "./metrics";
