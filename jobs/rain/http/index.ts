export { apiReply } from "./api";
export { apiRoutes } from "./api-routes";
export { recordFamilies } from "./metrics";
export { openApiDocument } from "./route";
export { Busy, ReadingSessions, type ReadingSessionsArgs } from "./sessions";
