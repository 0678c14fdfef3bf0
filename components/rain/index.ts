export type { SecretKey } from "./rain-pod";
export { RainTracker, type RainTrackerArgs } from "./rain-tracker";
