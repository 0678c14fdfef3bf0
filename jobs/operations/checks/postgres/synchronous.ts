import { check, count, fault, notApplicable, ok } from "../check";
import { isServing, isSynchronous } from "./roles";

export const synchronous = check({
  id: "postgres.synchronous",
  title: "a synchronous standby exists",
  severity: "critical",
  means: "What is written now would be lost with the leader, or waits until a standby is back.",
  next: "jobs postgres status",
  runbook: "docs/runbooks/postgres.md#what-happens-by-itself",
  run: async ({ patroni }, { postgres }) => {
    if (!postgres.synchronous) return notApplicable("the stack replicates asynchronously");
    const { members } = await patroni.cluster();
    const standbys = members.filter(({ role, state }) => isSynchronous(role) && isServing(state));
    return standbys.length > 0
      ? ok(count(standbys.length, "synchronous standby", "synchronous standbys"))
      : fault("no standby is synchronous");
  },
});
