import { check, noneOf } from "../check";

export const rollouts = check({
  id: "workloads.rollouts",
  title: "no rollout is unfinished",
  severity: "warning",
  means:
    "Some pods still run the former version: a pod must be restarted, or the new one does not become ready.",
  next: "kubectl -n <namespace> rollout status <kind>/<name>",
  runbook: "docs/runbooks/health.md#a-rollout-does-not-end",
  run: async ({ kubernetes }, { kubernetes: { namespaces } }) => {
    const inOwn = ({ metadata }: { metadata: { namespace: string } }) =>
      namespaces.includes(metadata.namespace);
    const deployments = (await kubernetes.all("deployments")).filter(inOwn);
    const sets = (await kubernetes.all("statefulSets")).filter(inOwn);
    const behind = [
      ...deployments.filter(
        ({ metadata, spec, status }) =>
          status.observedGeneration < metadata.generation || status.updatedReplicas < spec.replicas,
      ),
      ...sets.filter(
        ({ metadata, status }) =>
          status.observedGeneration < metadata.generation || status.currentRevision !== status.updateRevision,
      ),
    ];
    return noneOf(
      behind.map(({ metadata }) => `${metadata.namespace}/${metadata.name} has pods of a former version`),
      `${deployments.length + sets.length} workloads are up to date`,
    );
  },
});
