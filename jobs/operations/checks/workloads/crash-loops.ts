import { check, count, noneOf } from "../check";

const FAILING =
  /CrashLoopBackOff|ImagePullBackOff|ErrImage|InvalidImageName|CreateContainer.*Error|RunContainerError/;

export const crashLoops = check({
  id: "workloads.crash-loops",
  title: "no container fails to start",
  severity: "critical",
  means: "The program ends again and again, or its image cannot be had.",
  next: "kubectl -n <namespace> logs <pod> --previous",
  runbook: "docs/runbooks/health.md#a-pod-does-not-run",
  run: async ({ kubernetes }) => {
    const pods = await kubernetes.all("pods");
    const failing = pods.flatMap(({ metadata, status }) =>
      [...status.initContainerStatuses, ...status.containerStatuses]
        .filter(({ state }) => FAILING.test(state.waiting?.reason ?? ""))
        .map(
          ({ name, state }) => `${metadata.namespace}/${metadata.name} (${name}): ${state.waiting?.reason}`,
        ),
    );
    return noneOf(failing, `${count(pods.length, "pod")}, none of them in a loop`);
  },
});
