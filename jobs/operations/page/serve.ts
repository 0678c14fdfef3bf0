import { type Context, JobError, json, type KubernetesAccess, page, problem, serve } from "../../shared";
import { History } from "../history";
import { statusPage } from "./status-page";

interface PageConfig {
  readonly kubernetes: KubernetesAccess | undefined;
  readonly namespace: string;
  readonly history: string;
  /** The address that the paths of runbooks follow. @default none: they are no links */
  readonly runbooks: string | undefined;
  /** Hours between two scheduled runs. */
  readonly everyHours: number;
  readonly host: string;
  readonly port: number;
}

/** Serves what the newest run found, for people and screens. It reads the history alone, and starts no run. */
export async function servePage(config: PageConfig, context: Context): Promise<"done"> {
  const { kubernetes: access, namespace, history: configMap, runbooks, everyHours } = config;
  if (!access) throw new JobError("KUBERNETES_API is required outside of a pod: where the API server is", 2);
  const history = new History({ access, namespace, configMap });
  const reply = async ({ pathname }: URL) => {
    if (pathname === "/health") return json(200, { status: "ok" });
    if (pathname !== "/" && pathname !== "/status.json") return problem(404, "the page is at /");
    const { runs, report } = await history.newest();
    if (pathname === "/status.json") return json(200, { report: report ?? null, history: runs });
    return page(statusPage({ report, runs, runbooks, everyHours, now: new Date() }));
  };
  try {
    await serve({ ...config, what: "the status page", reply }, context);
  } finally {
    history.close();
  }
  return "done";
}
