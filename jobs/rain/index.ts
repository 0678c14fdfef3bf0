import type { Domain } from "../shared";
import { importFopr, importYear, importYears } from "./import-verbs";
import { status, validateRecord } from "./report-verbs";
import { serveApi, serveMetrics } from "./serve-verbs";

/** Rain Tracker: the historical record of the county's rain gauges. */
export const rain: Domain = {
  name: "rain",
  summary: "the historical record of rain gauges: imports, status, checks, API",
  verbs: [importYear, importYears, importFopr, status, validateRecord, serveApi, serveMetrics],
};
export {
  type Day,
  dayIn,
  dayOfMonth,
  daysInMonth,
  MONTH_ABBREVIATIONS,
  type Month,
  monthOfDay,
  monthsOfWaterYear,
  numberOfMonth,
  serialOf,
  todayInArizona,
  waterYearOf,
  yearOfMonth,
} from "./calendar";
export { readStatus } from "./reports";
