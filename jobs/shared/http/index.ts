export { json, problem, type Reply, type ServeArgs, serve } from "./http-server";
