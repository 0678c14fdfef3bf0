import { json, type Logger, matchPath, problem, type ReceivedRequest, type Reply } from "../../shared";
import { safeReason } from "../safe-reason";
import { callerOf, Unauthorized } from "./auth";
import { type Backend, openApiDocument, Refusal, type Route } from "./route";
import { apiRoutes } from "./routes";

const VERSION = "1.0.0";

interface ApiReplyArgs extends Backend {
  readonly secrets: readonly string[];
  readonly log: Logger;
}

/** Answers one request; no error leaves it, because an error's text may repeat what a lead contains. */
export async function apiReply(url: URL, request: ReceivedRequest, args: ApiReplyArgs): Promise<Reply> {
  if (url.pathname === "/ai/openapi.json") return json(200, openApiDocument(apiRoutes, VERSION));
  // The path of the probes.
  const path = url.pathname === "/health" ? "/ai/health" : url.pathname;
  const method = request.method === "POST" ? "post" : "get";
  const there = apiRoutes.filter((route) => matchPath(route.path, path));
  if (there.length === 0) return problem(404, "nothing is served under this address; see /ai/openapi.json");
  const route = there.find((each) => each.method === method);
  if (!route) return problem(405, `${there[0]?.method.toUpperCase()} is answered here`);
  try {
    return json(route.status, await answer(route, path, request, args));
  } catch (error) {
    if (error instanceof Unauthorized) return problem(401, error.message);
    if (error instanceof Refusal) return problem(error.status, error.message);
    args.log.error({ path: route.path }, `a request was not answered: ${safeReason(error)}`);
    if (route.access === "anyone")
      return json(503, { status: "unavailable", database: false, memory: "none" });
    return problem(503, "the database cannot be reached at the moment");
  }
}

async function answer(
  route: Route,
  path: string,
  request: ReceivedRequest,
  args: ApiReplyArgs,
): Promise<unknown> {
  const caller =
    route.access === "anyone"
      ? ({ role: "authenticated", workspace: undefined } as const)
      : await callerOf(request.headers.authorization, args.secrets);
  if (route.access === "service" && caller.role !== "service_role") {
    throw new Refusal(403, "this needs a token of the role service_role");
  }
  const parameters = route.parameters.safeParse(matchPath(route.path, path));
  const body = route.body.safeParse(route.method === "post" ? bodyOf(request.body) : {});
  const issues = [...(parameters.error?.issues ?? []), ...(body.error?.issues ?? [])];
  if (issues.length > 0) {
    throw new Refusal(
      400,
      issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`).join("; "),
    );
  }
  return route.run({ path: parameters.data, body: body.data, caller }, args);
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}
