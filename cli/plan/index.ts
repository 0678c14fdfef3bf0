import type { planStack as plan } from "./plan-stack";

export { refuseWrongSettings } from "./refuse";
export { run } from "./run";
export { readProject, readStack } from "./stack-file";

/** Plans a stack. The SDKs load at the first plan only, so that what comes before it is quick. */
export const planStack: typeof plan = async (flags) => {
  await import("../pulumi-monitor/conceal-literals"); // must precede every import of the Pulumi SDK
  return (await import("./plan-stack")).planStack(flags);
};
