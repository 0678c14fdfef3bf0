export { describedAnswer, type JsonSchema, jsonSchema, matchPath, problemSchema } from "./described-route";
export { json, page, problem, type ReceivedRequest, type Reply, serve } from "./http-server";
export { html, Markup, trusted } from "./markup";
