export { apiReply } from "./api";
export { apiRoutes } from "./api-routes";
export { METRICS_TYPE, metricsText } from "./metrics";
export { openApiDocument } from "./route";
export { ReadingSessions } from "./sessions";
