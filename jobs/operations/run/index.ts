export { letIn } from "./let-in";
export { EXIT_CODES, type Report, type ReportedCheck, reportOf, VERDICTS, type Verdict } from "./report";
export { type Result, runChecks } from "./run";
export { type StatusGroup, statusGroups, statusText } from "./status-text";
export { progressLine, reportText } from "./text";
