import { check, count, fault, noneOf } from "../check";

export const system = check({
  id: "kubernetes.system",
  title: "DNS, the ingress and the add-ons are available",
  severity: "critical",
  means: "Without DNS no pod finds a service; without the ingress no user reaches one.",
  next: "kubectl -n kube-system get deployments,pods",
  runbook: "docs/runbooks/health.md#a-workload-is-not-available",
  run: async ({ kubernetes }) => {
    const own = (await kubernetes.all("deployments")).filter(
      ({ metadata }) => metadata.namespace === "kube-system",
    );
    if (own.length === 0) return fault("kube-system has no Deployment: DNS is missing");
    const down = own.filter(({ spec, status }) => status.availableReplicas < spec.replicas);
    return noneOf(
      down.map(
        ({ metadata, spec, status }) =>
          `${metadata.name} has ${status.availableReplicas} of ${spec.replicas} pods`,
      ),
      `${count(own.length, "Deployment")} available`,
    );
  },
});
