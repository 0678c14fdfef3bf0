import { check, count, noneOf } from "../check";

export const volumes = check({
  id: "workloads.volumes",
  title: "every volume claim is bound",
  severity: "critical",
  means: "A pod whose claim is not bound does not start; a lost volume is lost data.",
  next: "kubectl get persistentvolumeclaims --all-namespaces",
  runbook: "docs/runbooks/health.md#a-volume-is-not-bound",
  run: async ({ kubernetes }) => {
    const claims = await kubernetes.all("claims");
    const unbound = claims.filter(({ status }) => status.phase !== "Bound");
    return noneOf(
      unbound.map(({ metadata, status }) => `${metadata.namespace}/${metadata.name} is ${status.phase}`),
      `${count(claims.length, "claim")} bound`,
    );
  },
});
