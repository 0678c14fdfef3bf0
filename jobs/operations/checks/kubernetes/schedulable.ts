import { check, count, noneOf } from "../check";

export const schedulable = check({
  id: "kubernetes.schedulable",
  title: "no node is cordoned",
  severity: "warning",
  means: "A cordoned node takes no new pods: a drain was not ended, or an upgrade hangs.",
  next: "kubectl uncordon <node>",
  runbook: "docs/runbooks/health.md#a-node-is-cordoned",
  run: async ({ kubernetes }) => {
    const nodes = await kubernetes.all("nodes");
    const cordoned = nodes.filter(({ spec }) => spec.unschedulable);
    return noneOf(
      cordoned.map(({ metadata }) => `${metadata.name} is cordoned`),
      `${count(nodes.length, "node")} take pods`,
    );
  },
});
