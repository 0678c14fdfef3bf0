export { type ImportConfig, importDatabase } from "./import-database";
