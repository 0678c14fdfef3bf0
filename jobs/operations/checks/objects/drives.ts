import { Unanswered } from "../../readers";
import { check, count, fault, ok } from "../check";
import { ofMinio } from "./of-minio";

export const drives = check({
  id: "objects.drives",
  title: "every drive is online",
  severity: "critical",
  means: "Object storage still reads and writes, but the next loss may stop it.",
  next: "kubectl -n storage get pods",
  runbook: "docs/runbooks/object-storage.md#a-drive-is-offline",
  run: ofMinio(async ({ objects }, { url }) => {
    const metrics = await objects(url);
    const online = metrics.value("minio_cluster_drive_online_total");
    const offline = metrics.value("minio_cluster_drive_offline_total");
    if (online === undefined || offline === undefined)
      throw new Unanswered("object storage", "its metrics do not count the drives");
    const text = `${online} of ${count(online + offline, "drive")} online`;
    return offline === 0 ? ok(text) : fault(text);
  }),
});
