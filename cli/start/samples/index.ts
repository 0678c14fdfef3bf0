export { pdf, pdfBomb } from "./pdf";
export { type Answer, type StandInProvider, startProvider } from "./provider";
export {
  daysOfMonths,
  foprSheets,
  foprWorkbook,
  type GeneratedGauge,
  gauge,
  type MarkerPlace,
  type Measured,
  monthlyPdf,
  waterYearSheets,
  waterYearWorkbook,
} from "./rain-files";
export { type SampleRecord, sampleRecord } from "./rain-record";
export { type GeneratedSheet, type SheetValue, xlsx, xlsxEntries } from "./xlsx";
export { type ZipEntry, zip } from "./zip";
