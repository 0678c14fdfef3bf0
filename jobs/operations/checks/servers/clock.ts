import { check, count, noneOf, notApplicable } from "../check";

const MOST_SECONDS = 0.5;

export const clock = check({
  id: "servers.clock",
  title: "every server's clock is right",
  severity: "critical",
  means: "Tokens, certificates and leases are judged by the clock: a wrong one breaks logins and failover.",
  next: "ssh root@<server> timedatectl timesync-status",
  runbook: "docs/runbooks/clock.md#a-clock-is-wrong",
  run: async ({ prometheus }, { prometheus: url }) => {
    if (!url) return notApplicable("the stack has no monitoring");
    const offsets = await prometheus.some("abs(node_timex_offset_seconds)");
    const synchronized = await prometheus.some("node_timex_sync_status");
    const wrong = [
      ...offsets
        .filter(({ value }) => value > MOST_SECONDS)
        .map(({ labels, value }) => `${labels.instance} is ${value.toFixed(2)} s off`),
      ...synchronized
        .filter(({ value }) => value !== 1)
        .map(({ labels }) => `${labels.instance} has no time server`),
    ];
    return noneOf(wrong, `${count(offsets.length, "clock")} within ${MOST_SECONDS} s`);
  },
});
