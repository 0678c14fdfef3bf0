import { check, count, noneOf } from "../check";

export const pendingRestart = check({
  id: "postgres.pending-restart",
  title: "no member waits for a restart",
  severity: "warning",
  means: "A changed parameter is not in effect yet.",
  next: "jobs postgres configure --restart",
  runbook: "docs/runbooks/health.md#a-member-waits-for-a-restart",
  run: async ({ patroni }) => {
    const { members } = await patroni.cluster();
    const waiting = members.filter(({ pending_restart }) => pending_restart);
    return noneOf(
      waiting.map(({ name }) => `${name} waits for a restart`),
      `${count(members.length, "member")} with the configuration in effect`,
    );
  },
});
