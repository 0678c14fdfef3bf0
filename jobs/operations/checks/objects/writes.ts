import { check, fault, ok } from "../check";
import { ofMinio } from "./of-minio";

export const writes = check({
  id: "objects.writes",
  title: "object storage takes writes",
  severity: "critical",
  means: "Too few servers or drives are online: nothing can be stored.",
  next: "kubectl -n storage get pods",
  runbook: "docs/runbooks/object-storage.md#too-few-drives-are-online",
  run: ofMinio(async ({ http }, { url }) => {
    const { status } = await http.get("object storage", new URL("/minio/health/cluster", url).href);
    return status === 200
      ? ok("it has its write quorum")
      : fault(`it has no write quorum (status ${status})`);
  }),
});
