import { Unanswered } from "../../readers";
import { check, fault, ok } from "../check";

export const primary = check({
  id: "postgres.primary",
  title: "the address of the leader leads to a server that takes writes",
  severity: "critical",
  timeoutSeconds: 20,
  means: "Applications write through this address: they fail, or reach a server that only reads.",
  next: "kubectl -n postgres get endpointslice postgres-primary",
  runbook: "docs/runbooks/postgres.md#clients-do-not-reach-the-leader",
  run: async ({ http, sql }, { postgres: { primary } }) => {
    // A login waits while the pod is new; whether somebody listens is known at once.
    const reached = await http.reach(primary.host, primary.port);
    if (reached !== "open") return fault(`${primary.host}:${primary.port} is ${reached}`);
    try {
      const [row] = await sql.rows<{ standby: boolean }>(
        "platform",
        primary,
        "SELECT pg_is_in_recovery() AS standby",
      );
      return row?.standby ? fault("it leads to a standby, which takes no writes") : ok("it takes writes");
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return fault(error.why);
    }
  },
});
