import { check, fault, ok } from "../check";
import { answering } from "./member-state";

export const versions = check({
  id: "etcd.versions",
  title: "all etcd members run the same version",
  severity: "warning",
  means: "A cluster of two versions works, but only until the next feature; an upgrade was not finished.",
  next: "ssh root@<server> etcd --version",
  runbook: "docs/runbooks/health.md#versions-differ",
  run: async (readers, platform) => {
    const versions = (await answering(readers, platform)).map(
      ({ metrics }) => metrics.all("etcd_server_version")[0]?.labels.server_version ?? "unknown",
    );
    const different = [...new Set(versions)].sort();
    return different.length === 1 ? ok(different.join()) : fault(`versions ${different.join(" and ")}`);
  },
});
