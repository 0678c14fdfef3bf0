export { IsolatedParser } from "./isolated-parser";
export { parse } from "./parse";
