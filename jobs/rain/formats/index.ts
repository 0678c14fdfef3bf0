export { IsolatedParser, type ParserLimits } from "./isolated-parser";
export { parse } from "./parse";
