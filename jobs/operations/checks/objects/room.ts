import { Unanswered } from "../../readers";
import { check, fault, ok, percent, warning } from "../check";
import { ofMinio } from "./of-minio";

/** The shares of free space that the alerts on object storage have too: 20% and 8%. */
export const room = check({
  id: "objects.room",
  title: "object storage has room",
  severity: "critical",
  means: "When it is full, backups and the WAL archive fail.",
  next: "kubectl -n storage get persistentvolumeclaims",
  runbook: "docs/runbooks/object-storage.md#free-space-is-low",
  run: ofMinio(async ({ objects }, { url }) => {
    const metrics = await objects(url);
    const free = metrics.value("minio_cluster_capacity_usable_free_bytes");
    const total = metrics.value("minio_cluster_capacity_usable_total_bytes");
    if (free === undefined || !total) throw new Unanswered("object storage", "its metrics lack the capacity");
    const text = `${percent(free / total)} free`;
    if (free / total < 0.08) return fault(text);
    return free / total < 0.2 ? warning(text) : ok(text);
  }),
});
