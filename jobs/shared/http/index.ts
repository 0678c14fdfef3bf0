export { json, problem, type ReceivedRequest, type Reply, serve } from "./http-server";
