import { check, fault, listed, notChecked, ok } from "../check";
import { answering } from "./member-state";

export const leader = check({
  id: "etcd.leader",
  title: "etcd has exactly one leader",
  severity: "critical",
  means: "Without a leader etcd refuses all requests.",
  next: "ssh root@<server> journalctl --unit etcd --since -15min",
  runbook: "docs/runbooks/etcd.md#a-member-has-no-leader",
  run: async (readers, platform) => {
    const members = await answering(readers, platform);
    const leaders = members.filter(({ metrics }) => metrics.value("etcd_server_is_leader") === 1);
    const without = members.filter(({ metrics }) => metrics.value("etcd_server_has_leader") !== 1);
    if (without.length > 0) return fault(`${listed(without.map(({ name }) => name))} without a leader`);
    if (leaders.length === 1) return ok(`${leaders[0]?.name} leads`);
    if (leaders.length > 1) return fault(`${listed(leaders.map(({ name }) => name))} lead at once`);
    return members.length < platform.etcd.members.length
      ? notChecked("the members that answer follow one that does not")
      : fault("no member leads");
  },
});
