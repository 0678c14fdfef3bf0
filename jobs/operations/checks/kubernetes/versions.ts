import { check, fault, ok } from "../check";

export const versions = check({
  id: "kubernetes.versions",
  title: "all nodes run the same version",
  severity: "warning",
  means: "An upgrade of K3s has not reached all nodes.",
  next: "kubectl -n system-upgrade get plans,jobs",
  runbook: "docs/runbooks/health.md#versions-differ",
  run: async ({ kubernetes }) => {
    const nodes = await kubernetes.all("nodes");
    const versions = [...new Set(nodes.map(({ status }) => status.nodeInfo.kubeletVersion))].sort();
    return versions.length === 1 ? ok(versions.join()) : fault(`versions ${versions.join(" and ")}`);
  },
});
