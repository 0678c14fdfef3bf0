import { check, count, noneOf } from "../check";
import { ALARM, memberStates } from "./member-state";

export const members = check({
  id: "etcd.members",
  title: "every etcd member is healthy",
  severity: "critical",
  means: "The loss of another member can cost the quorum.",
  next: "ssh root@<server> systemctl status etcd",
  runbook: "docs/runbooks/etcd.md#a-member-is-lost",
  run: async (readers, platform) => {
    const states = await memberStates(readers, platform);
    const ill = states.flatMap(({ name, unhealthy }) =>
      unhealthy === undefined || ALARM.test(unhealthy) ? [] : [`${name}: ${unhealthy}`],
    );
    return noneOf(ill, `${count(states.length, "member")}, all healthy`);
  },
});
