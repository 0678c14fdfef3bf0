import { placeOf, Unanswered } from "../../readers";
import { check, count, fault, ok } from "../check";

export const patroni = check({
  id: "postgres.patroni",
  title: "Patroni answers",
  severity: "critical",
  means: "Nobody knows which member leads, and no failover is certain.",
  next: "kubectl -n postgres get pods --selector app.kubernetes.io/name=postgres",
  runbook: "docs/runbooks/postgres.md#a-member-does-not-come-back",
  run: async ({ http, patroni }, { postgres }) => {
    // A request waits while the pod is new; whether somebody listens is known at once.
    const { host, port } = placeOf(postgres.patroni);
    const reached = await http.reach(host, port);
    if (reached !== "open") return fault(`${host}:${port} is ${reached}`);
    try {
      const { members } = await patroni.cluster();
      return ok(`it knows ${count(members.length, "member")}`);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return fault(error.why);
    }
  },
});
