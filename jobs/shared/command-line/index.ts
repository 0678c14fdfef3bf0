export { columns } from "./columns";
export { type DomainEntry, parseCommandLine, prepare } from "./command-line";
export { JobError, listProblems } from "./job-error";
export { jsonFile } from "./json-file";
export { listening } from "./listening";
export { createLogger, type Logger } from "./logger";
export { createProgress } from "./progress";
export { reason } from "./reason";
export {
  argument,
  type Declaration,
  decimalNumber,
  flag,
  type Inputs,
  oneOf,
  readSettings,
  type Setting,
  text,
  toggle,
  variable,
  wholeNumber,
} from "./setting";
export { type Context, type Domain, verb } from "./verb";
export { explain, work } from "./work";
