import { check, count, noneOf } from "../check";

export const podProfile = check({
  id: "security.pod-profile",
  title: "every namespace enforces a pod security profile",
  severity: "critical",
  means: "A pod may run as root or with the host's files.",
  next: "pulumi up",
  runbook: "docs/runbooks/health.md#a-namespace-is-open",
  run: async ({ kubernetes }, { kubernetes: { namespaces } }) => {
    const found = await kubernetes.all("namespaces");
    const weak = namespaces.filter((name) => {
      const labels = found.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {};
      return !["restricted", "baseline"].includes(labels["pod-security.kubernetes.io/enforce"] ?? "");
    });
    return noneOf(
      weak.map((name) => `${name} enforces no profile`),
      `${count(namespaces.length, "namespace")} enforce one`,
    );
  },
});
