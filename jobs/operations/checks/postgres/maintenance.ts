import { check, fault, ok } from "../check";

export const maintenance = check({
  id: "postgres.maintenance",
  title: "Patroni is not paused",
  severity: "warning",
  means: "While it is paused nothing fails over.",
  next: "kubectl -n postgres exec postgres-0 -- patronictl resume",
  runbook: "docs/runbooks/health.md#patroni-is-paused",
  run: async ({ patroni }) =>
    (await patroni.cluster()).pause ? fault("Patroni is paused: nothing fails over") : ok("not paused"),
});
