export type * from "./facts";
export { reportPage } from "./page";
