export { exportMetrics } from "./exporter";
export { metrics } from "./metrics";
export { monitor, standingText } from "./monitor";
