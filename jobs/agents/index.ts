import type { Domain } from "../shared";
import { evaluatePrompts } from "./evaluate";
import { migrateDatabase, serveApi, workOnTasks } from "./verbs";

/** The agent runtime: tasks in a queue, a model's API behind limits, and results that are committed once. */
export const agents: Domain = {
  name: "agents",
  summary: "agents that analyse leads and propose follow-ups: API, workers, evaluation",
  verbs: [migrateDatabase, serveApi, workOnTasks, evaluatePrompts],
};
