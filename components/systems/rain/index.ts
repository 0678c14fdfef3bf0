export { checkWords, importRequest } from "./import-request";
export { RAIN } from "./names";
export { RAIN_API, rainNamespace } from "./namespace";
export { RainTracker, type RainTrackerArgs } from "./rain-tracker";
