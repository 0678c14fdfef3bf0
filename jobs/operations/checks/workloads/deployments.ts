import { check, count, noneOf } from "../check";

export const deployments = check({
  id: "workloads.deployments",
  title: "every Deployment has its pods",
  severity: "critical",
  means: "Requests to the workload fail, or fewer pods serve them than planned.",
  next: "kubectl -n <namespace> describe deployment <name>",
  runbook: "docs/runbooks/health.md#a-workload-is-not-available",
  run: async ({ kubernetes }, { kubernetes: { namespaces } }) => {
    const own = (await kubernetes.all("deployments")).filter(({ metadata }) =>
      namespaces.includes(metadata.namespace),
    );
    const short = own.filter(({ spec, status }) => status.availableReplicas < spec.replicas);
    return noneOf(
      short.map(
        ({ metadata, spec, status }) =>
          `${metadata.namespace}/${metadata.name} has ${status.availableReplicas} of ${spec.replicas} pods`,
      ),
      `${count(own.length, "Deployment")} available`,
    );
  },
});
