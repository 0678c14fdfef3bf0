import { check, count, hoursBetween, noneOf } from "../check";

const MOST = 5;

export const restarts = check({
  id: "workloads.restarts",
  title: "no container was restarted often within a day",
  severity: "warning",
  means: "A program that ends by itself loses requests each time; a leak or a limit is the usual cause.",
  next: "kubectl -n <namespace> logs <pod> --previous",
  runbook: "docs/runbooks/health.md#a-pod-does-not-run",
  run: async ({ kubernetes, now }) => {
    const pods = await kubernetes.all("pods");
    const restless = pods.flatMap(({ metadata, status }) =>
      status.containerStatuses
        .filter(({ restartCount, lastState }) => {
          const ended = Date.parse(lastState.terminated?.finishedAt ?? "");
          return restartCount > MOST && hoursBetween(ended, now()) < 24;
        })
        .map(({ restartCount }) => `${metadata.namespace}/${metadata.name}: ${restartCount} restarts`),
    );
    return noneOf(restless, `${count(pods.length, "pod")} run steadily`);
  },
});
