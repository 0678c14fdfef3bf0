export { checkWords, importRequest } from "./import-request";
export { RAIN } from "./names";
export { rainNamespace } from "./namespace";
export { RainTracker, type RainTrackerArgs } from "./rain-tracker";
