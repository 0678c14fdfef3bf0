import { check, count, fault, notChecked, ok } from "../check";
import { ofMinio } from "./of-minio";

export const buckets = check({
  id: "objects.buckets",
  title: "every bucket of the settings exists",
  severity: "critical",
  means: "The application of a missing bucket cannot store anything.",
  next: "kubectl -n storage logs job/minio-provision",
  runbook: "docs/runbooks/object-storage.md#provisioning-failed",
  run: ofMinio(async ({ objects }, { url, buckets }) => {
    const found = (await objects(url)).value("minio_cluster_bucket_total");
    if (found === undefined) return notChecked("object storage has not counted its buckets yet");
    const text = `${found} of ${count(buckets, "bucket")}`;
    return found >= buckets ? ok(text) : fault(text);
  }),
});
