import type { evaluateStack as evaluate } from "./evaluate-stack";
import type { planStack as plan } from "./plan-stack";

export type { EvaluatedStack } from "./evaluate-stack";
export { refuseWrongSettings } from "./refuse";
export { run } from "./run";
export { settingsOf } from "./settings-of";
export { readProject, readStack } from "./stack-file";

/** Plans a stack. The SDKs load at the first plan only, so that what comes before it is quick. */
export const planStack: typeof plan = async (flags) => {
  await import("../pulumi-monitor/conceal-literals"); // must precede every import of the Pulumi SDK
  return (await import("./plan-stack")).planStack(flags);
};

/** Runs a stack's program without writing a plan. */
export const evaluateStack: typeof evaluate = async (args) => {
  await import("../pulumi-monitor/conceal-literals"); // must precede every import of the Pulumi SDK
  return (await import("./evaluate-stack")).evaluateStack(args);
};
