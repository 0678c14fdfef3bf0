import { check, count, noneOf } from "../check";

export const policies = check({
  id: "security.policies",
  title: "every namespace denies what it does not name",
  severity: "critical",
  means: "Pods of other namespaces reach this one's.",
  next: "pulumi up",
  runbook: "docs/runbooks/health.md#a-namespace-is-open",
  run: async ({ kubernetes }, { kubernetes: { namespaces } }) => {
    const policies = await kubernetes.all("policies");
    const open = namespaces.filter(
      (namespace) =>
        !policies.some(
          ({ metadata, spec }) =>
            metadata.namespace === namespace &&
            Object.keys(spec.podSelector).length === 0 &&
            ["Ingress", "Egress"].every((way) => spec.policyTypes.includes(way)) &&
            spec.ingress.length === 0 &&
            spec.egress.length === 0,
        ),
    );
    return noneOf(
      open.map((namespace) => `${namespace} has no policy that denies everything`),
      `${count(namespaces.length, "namespace")} closed`,
    );
  },
});
