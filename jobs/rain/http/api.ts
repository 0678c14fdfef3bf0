import { json, matchPath, problem, type Reply } from "../../shared";
import { apiRoutes } from "./api-routes";
import { docsPage } from "./docs-page";
import { openApiDocument, readValues } from "./route";
import { Busy, type ReadingSessions } from "./sessions";

const VERSION = "1.0.0";

/** Answers an API request from the record. */
export async function apiReply(url: URL, sessions: ReadingSessions): Promise<Reply> {
  if (url.pathname === "/api-docs/openapi.json") return json(200, openApiDocument(apiRoutes, VERSION));
  if (url.pathname === "/docs") {
    return {
      status: 200,
      type: "text/html; charset=utf-8",
      body: docsPage(openApiDocument(apiRoutes, VERSION)),
    };
  }
  for (const route of apiRoutes) {
    const path = matchPath(route.path, url.pathname);
    if (!path) continue;
    // The health check reports that the process is alive, whatever the state of the database.
    if (route.path === "/api/v1/health") return json(200, { status: "ok" });
    const read = readValues(
      { ...route.parameters, ...route.query },
      { ...Object.fromEntries(url.searchParams), ...path },
    );
    if (read.problems.length > 0) return problem(400, read.problems.join("; "));
    const found = await sessions
      .use((database) => route.find(read.values, database))
      .catch((error: unknown) => {
        if (error instanceof Busy) return error;
        throw error;
      });
    if (found instanceof Busy) return problem(503, "too many requests at once; try again in some seconds");
    return found === undefined ? problem(404, route.absent ?? "nothing is known here") : json(200, found);
  }
  return problem(404, "nothing is served under this address; see /docs");
}
