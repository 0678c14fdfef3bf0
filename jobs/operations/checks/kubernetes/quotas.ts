import { check, count, noneOf, percent } from "../check";
import { quantity } from "./quantity";

const MOST = 0.95;

export const quotas = check({
  id: "kubernetes.quotas",
  title: "every namespace has room within its quota",
  severity: "warning",
  means: "At the quota no further pod starts in the namespace, not even the replacement of a lost one.",
  next: "kubectl -n <namespace> describe resourcequota quota",
  runbook: "docs/runbooks/health.md#a-quota-is-used-up",
  run: async ({ kubernetes }) => {
    const quotas = await kubernetes.all("quotas");
    const full = quotas.flatMap(({ metadata, status: { hard, used } }) =>
      Object.entries(hard)
        .map(([resource, most]) => ({ resource, share: quantity(used[resource] ?? "0") / quantity(most) }))
        .filter(({ share }) => share > MOST)
        .map(({ resource, share }) => `${metadata.namespace} uses ${percent(share)} of its ${resource}`),
    );
    return noneOf(full, `${count(quotas.length, "quota")} with room`);
  },
});
