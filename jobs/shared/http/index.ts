export { json, problem, type Reply, serve } from "./http-server";
