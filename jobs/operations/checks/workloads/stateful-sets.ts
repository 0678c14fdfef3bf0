import { check, count, noneOf } from "../check";

export const statefulSets = check({
  id: "workloads.stateful-sets",
  title: "every StatefulSet has its pods",
  severity: "critical",
  means: "A member of a database or of object storage is missing: the next loss may stop it.",
  next: "kubectl -n <namespace> describe statefulset <name>",
  runbook: "docs/runbooks/health.md#a-workload-is-not-available",
  run: async ({ kubernetes }, { kubernetes: { namespaces } }) => {
    const own = (await kubernetes.all("statefulSets")).filter(({ metadata }) =>
      namespaces.includes(metadata.namespace),
    );
    const short = own.filter(({ spec, status }) => status.readyReplicas < spec.replicas);
    return noneOf(
      short.map(
        ({ metadata, spec, status }) =>
          `${metadata.namespace}/${metadata.name} has ${status.readyReplicas} of ${spec.replicas} pods`,
      ),
      `${count(own.length, "StatefulSet")} ready`,
    );
  },
});
