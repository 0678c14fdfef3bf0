import { check, fault, ok } from "../check";
import { memberStates } from "./member-state";

export const quorum = check({
  id: "etcd.quorum",
  title: "etcd has its quorum",
  severity: "critical",
  means:
    "Without a quorum Kubernetes and Patroni can change nothing; PostgreSQL keeps serving in failsafe mode.",
  next: "ssh root@<server> systemctl start etcd",
  runbook: "docs/runbooks/etcd.md#quorum-is-lost",
  run: async (readers, platform) => {
    const states = await memberStates(readers, platform);
    const up = states.filter(({ metrics }) => metrics?.value("etcd_server_has_leader") === 1).length;
    const needed = Math.floor(states.length / 2) + 1;
    const text = `${up} of ${states.length} members follow a leader; ${needed} are needed`;
    return up >= needed ? ok(text) : fault(text);
  },
});
