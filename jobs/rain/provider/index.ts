export { foprTarget, type PathPatterns, pdfTargets, type Target, workbookTarget } from "./addresses";
export { Archive } from "./archive";
export { DownloadMemory } from "./memory";
export { type Arrival, Provider, type ProviderSettings, ProviderUnreachable } from "./provider";
