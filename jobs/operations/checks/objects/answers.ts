import { Unanswered } from "../../readers";
import { check, fault, ok } from "../check";

export const answers = check({
  id: "objects.answers",
  title: "object storage answers",
  severity: "critical",
  means: "Backups, the WAL archive and the logs of tasks have nowhere to go.",
  next: "kubectl -n storage get pods",
  runbook: "docs/runbooks/object-storage.md#a-server-is-offline",
  run: async ({ http }, { objects: { url, kind } }) => {
    try {
      if (kind === "external") {
        // Without a key, most stores deny the list of buckets: what counts is that they answer.
        const { status } = await http.get("object storage", url);
        return status < 500 ? ok("it answers") : fault(`it answers with status ${status}`);
      }
      const { status } = await http.get("object storage", new URL("/minio/health/live", url).href);
      return status === 200 ? ok("it answers") : fault(`it answers with status ${status}`);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return fault(error.why);
    }
  },
});
