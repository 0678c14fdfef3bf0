import { Unanswered } from "../../readers";
import { check, fault, ok } from "../check";

export const replica = check({
  id: "postgres.replica",
  title: "the address of the replicas leads to a server that reads",
  severity: "warning",
  timeoutSeconds: 20,
  means: "Readers fail, or load the leader.",
  next: "kubectl -n postgres get endpointslice postgres-replica",
  runbook: "docs/runbooks/postgres.md#clients-do-not-reach-the-leader",
  run: async ({ http, sql }, { postgres: { replica, members } }) => {
    // A login waits while the pod is new; whether somebody listens is known at once.
    const reached = await http.reach(replica.host, replica.port);
    if (reached !== "open") return fault(`${replica.host}:${replica.port} is ${reached}`);
    try {
      const [row] = await sql.rows<{ standby: boolean }>(
        "platform",
        replica,
        "SELECT pg_is_in_recovery() AS standby",
      );
      if (members === 1) return ok("the only member serves readers");
      return row?.standby
        ? ok("it leads to a standby")
        : fault("it leads to the leader: no replica can be read");
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return fault(error.why);
    }
  },
});
