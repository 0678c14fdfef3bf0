export { pdf, pdfBomb } from "./pdf";
export { type Answer, type StandInProvider, startProvider } from "./provider";
export {
  daysOfMonths,
  foprSheets,
  foprWorkbook,
  type GeneratedGauge,
  gauge,
  type MarkerPlace,
  monthlyPdf,
  waterYearSheets,
  waterYearWorkbook,
} from "./rain-files";
export { sampleRecord } from "./rain-record";
export { type GeneratedSheet, type SheetValue, xlsx, xlsxEntries } from "./xlsx";
export { zip } from "./zip";
