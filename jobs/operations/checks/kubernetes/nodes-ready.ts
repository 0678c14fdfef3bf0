import { check, count, noneOf } from "../check";

export const nodesReady = check({
  id: "kubernetes.nodes-ready",
  title: "every node is ready",
  severity: "critical",
  means: "The pods of a node that is not ready are moved away after minutes; until then they are gone.",
  next: "kubectl describe node <node>",
  runbook: "docs/runbooks/replace-node.md#before",
  run: async ({ kubernetes }) => {
    const nodes = await kubernetes.all("nodes");
    const away = nodes.filter(
      ({ status }) => !status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True"),
    );
    return noneOf(
      away.map(({ metadata }) => `${metadata.name} is not ready`),
      `${count(nodes.length, "node")}, all ready`,
    );
  },
});
