export { openApi } from "./openapi";
export { readTables, type Table } from "./tables";
export { typeScript } from "./types";
