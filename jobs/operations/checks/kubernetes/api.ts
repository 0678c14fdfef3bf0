import { Unanswered } from "../../readers";
import { check, fault, ok } from "../check";

export const api = check({
  id: "kubernetes.api",
  title: "the Kubernetes API is ready",
  severity: "critical",
  means: "Nothing can be deployed, and no lost pod is replaced.",
  next: "kubectl get --raw '/readyz?verbose'",
  runbook: "docs/runbooks/health.md#an-api-server-does-not-answer",
  run: async ({ kubernetes }) => {
    try {
      const status = await kubernetes.status("/readyz");
      return status === 200 ? ok("ready") : fault(`/readyz answers ${status}`);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return fault(error.message);
    }
  },
});
