export { describedAnswer, type JsonSchema, jsonSchema, matchPath, problemSchema } from "./described-route";
export { json, problem, type ReceivedRequest, type Reply, serve } from "./http-server";
