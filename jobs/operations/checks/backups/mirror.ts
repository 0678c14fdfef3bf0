import { Unanswered } from "../../readers";
import { check, fault, hoursBetween, notApplicable, ok } from "../check";

const WHO = "the exporter of the objects' copy";
const MOST_HOURS = 26;

export const mirror = check({
  id: "backups.mirror",
  title: "the copy of the objects off the cluster is fresh",
  severity: "critical",
  means: "With the cluster, all objects that were stored since then are lost.",
  next: "kubectl -n storage create job --from=cronjob/object-mirror mirror-now",
  runbook: "docs/runbooks/object-storage.md#the-off-site-copy-is-too-old",
  run: async ({ metrics, now }, { mirror: url }) => {
    if (!url) return notApplicable("the stack has no copy of its objects, or no monitoring");
    const standing = await metrics(WHO, url);
    if (standing.value("trellis_mirror_store_up") !== 1)
      throw new Unanswered(WHO, "it cannot read the reports");
    const at = standing.value("trellis_mirror_success_timestamp", { run: "mirror" });
    if (at === undefined) return fault("no run succeeded yet");
    const hours = hoursBetween(at * 1000, now());
    const text = `the last good run was ${hours.toFixed(1)} hours ago`;
    return hours <= MOST_HOURS ? ok(text) : fault(text);
  },
});
