import { check, notApplicable } from "../check";
import { answeringAll } from "./answering";

export const gardenos = check({
  id: "systems.gardenos",
  title: "the CRM's services answer",
  severity: "critical",
  means: "Users of the CRM cannot sign in, read or store.",
  next: "kubectl -n gardenos get pods",
  runbook: "docs/gardenos.md#a-program-is-down",
  run: async ({ http }, { gardenos }) =>
    gardenos ? answeringAll(http, gardenos) : notApplicable("the stack has no CRM"),
});
