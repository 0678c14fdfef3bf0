import { Unanswered } from "../../readers";
import { check, count, fault, ok } from "../check";
import { ofMinio } from "./of-minio";

export const healing = check({
  id: "objects.healing",
  title: "no drive is being healed",
  severity: "warning",
  means: "Objects are being copied to a new drive; until then there are fewer copies of them.",
  next: "kubectl -n storage logs minio-0 --tail 100",
  runbook: "docs/runbooks/object-storage.md#healing-does-not-end",
  run: ofMinio(async ({ objects }, { url }) => {
    const metrics = await objects(url);
    if (metrics.value("minio_cluster_drive_total") === undefined)
      throw new Unanswered("object storage", "its metrics do not count the drives");
    // The metric is absent while nothing heals.
    const drives = metrics
      .all("minio_cluster_health_erasure_set_healing_drives")
      .reduce((sum, { value }) => sum + value, 0);
    return drives === 0 ? ok("nothing heals") : fault(`${count(drives, "drive")} being healed`);
  }),
});
