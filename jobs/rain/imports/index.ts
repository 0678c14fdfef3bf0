export { Importer } from "./importer";
export { expectationOf, readLocalFile } from "./local-file";
export { importOfficialRecords, importRecord } from "./official-records";
export { importWaterYears } from "./water-years";
