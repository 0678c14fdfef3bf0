import { check, count, noneOf } from "../check";

export const pressure = check({
  id: "servers.pressure",
  title: "no server is short of memory, disk or process numbers",
  severity: "critical",
  means: "The kubelet evicts pods from a server under pressure, and starts no others there.",
  next: "kubectl describe node <node>",
  runbook: "docs/runbooks/health.md#a-server-runs-out-of-room",
  run: async ({ kubernetes }) => {
    const nodes = await kubernetes.all("nodes");
    const under = nodes.flatMap(({ metadata, status }) =>
      status.conditions
        .filter(({ type, status: is }) => type.endsWith("Pressure") && is === "True")
        .map(({ type }) => `${metadata.name} has ${type}`),
    );
    return noneOf(under, `${count(nodes.length, "server")} without pressure`);
  },
});
