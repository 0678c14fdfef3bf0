export { apiReply } from "./api";
export { databaseFamilies, workerFamilies } from "./metrics";
