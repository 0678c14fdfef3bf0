import { check, count, noneOf, notApplicable } from "../check";

export const registered = check({
  id: "servers.registered",
  title: "every server of the stack is a node of the cluster",
  severity: "critical",
  means:
    "A server that is not a node runs no pods: the platform has less room and fewer copies than planned.",
  next: "kubectl get nodes",
  runbook: "docs/runbooks/replace-node.md#replace",
  run: async ({ kubernetes }, { kubernetes: { nodes } }) => {
    if (nodes.length === 0) return notApplicable("the program did not create this cluster's servers");
    const found = new Set((await kubernetes.all("nodes")).map(({ metadata }) => metadata.name));
    const missing = nodes.filter((name) => !found.has(name));
    return noneOf(
      missing.map((name) => `${name} is not a node`),
      `${count(nodes.length, "server")}, all of them nodes`,
    );
  },
});
