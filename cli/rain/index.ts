export { startImport } from "./start-import";
