import { check, count, hoursBetween, noneOf } from "../check";

const MINUTES = 5;

export const pending = check({
  id: "workloads.pending",
  title: "no pod waits for a place",
  severity: "warning",
  means: "No node has room for the pod, or its volume cannot be attached.",
  next: "kubectl -n <namespace> describe pod <pod>",
  runbook: "docs/runbooks/health.md#a-pod-does-not-run",
  run: async ({ kubernetes, now }) => {
    const pods = await kubernetes.all("pods");
    const waiting = pods.filter(
      ({ metadata, status }) =>
        status.phase === "Pending" &&
        hoursBetween(Date.parse(metadata.creationTimestamp), now()) * 60 > MINUTES,
    );
    return noneOf(
      waiting.map(({ metadata }) => `${metadata.namespace}/${metadata.name} waits`),
      `${count(pods.length, "pod")}, none waits longer than ${MINUTES} minutes`,
    );
  },
});
