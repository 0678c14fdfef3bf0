export { foprTarget, type PathPatterns, pdfTargets, type Target, workbookTarget } from "./addresses";
export { Archive, type ArchivePlaces } from "./archive";
export { DownloadMemory } from "./memory";
export { type Arrival, endsTheImport, Provider, type ProviderSettings } from "./provider";
