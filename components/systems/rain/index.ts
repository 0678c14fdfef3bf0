export { storeIn } from "./file-store";
export { checkWords, importRequest } from "./import-request";
export { rainAlerts } from "./monitoring";
export { RAIN } from "./names";
export { RAIN_API, rainNamespace } from "./namespace";
export { RainTracker, type RainTrackerArgs } from "./rain-tracker";
