export { open } from "./open";
export { psql } from "./psql";
