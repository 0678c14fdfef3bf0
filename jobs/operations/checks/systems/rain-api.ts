import { check, notApplicable } from "../check";
import { answeringAll } from "./answering";

export const rainApi = check({
  id: "systems.rain-api",
  title: "the rain API answers",
  severity: "critical",
  means: "Users of the record receive no answer.",
  next: "kubectl -n rain-tracker get pods",
  runbook: "docs/runbooks/health.md#a-workload-is-not-available",
  run: async ({ http }, { rain }) => {
    if (!rain) return notApplicable("the stack has no Rain Tracker");
    return answeringAll(http, { "the API": rain.url });
  },
});
