import { check, judgeEnds } from "../check";

export const certificate = check({
  id: "postgres.certificate",
  title: "PostgreSQL's certificate stays valid for a month",
  severity: "critical",
  means: "Clients that verify the server refuse it after that day.",
  next: "pulumi up",
  runbook: "docs/runbooks/rotate-certificates.md#renew",
  run: async ({ http, now }, { postgres: { primary } }) =>
    judgeEnds(
      [["the server", await http.certificateEnd("PostgreSQL", primary.host, primary.port, true)]],
      now(),
    ),
});
