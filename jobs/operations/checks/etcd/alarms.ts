import { check, fault, listed, ok } from "../check";
import { ALARM, answering, memberStates } from "./member-state";

export const alarms = check({
  id: "etcd.alarms",
  title: "no alarm of etcd is raised",
  severity: "critical",
  means: "With the alarm NOSPACE etcd refuses writes; with CORRUPT its members differ.",
  next: "ssh root@<server> trellis-etcd defragment --force",
  runbook: "docs/runbooks/etcd.md#the-quota-is-near",
  run: async (readers, platform) => {
    const states = await memberStates(readers, platform);
    const raised = states.flatMap(({ name, unhealthy = "" }) =>
      ALARM.test(unhealthy) ? [`${name}: ${unhealthy}`] : [],
    );
    if (raised.length > 0) return fault(listed(raised));
    await answering(readers, platform);
    return ok("none");
  },
});
