import { check, fault, listed, ok } from "../check";
import { isLeader } from "./roles";

export const leader = check({
  id: "postgres.leader",
  title: "exactly one member leads",
  severity: "critical",
  means: "Without a leader nothing can be written; with two, Patroni's lock has failed.",
  next: "jobs postgres status",
  runbook: "docs/runbooks/postgres.md#no-leader",
  run: async ({ patroni }) => {
    const { members } = await patroni.cluster();
    const leaders = members.filter(({ role }) => isLeader(role));
    const [leader] = leaders;
    if (!leader) return fault("no member leads");
    if (leaders.length > 1) return fault(`${listed(leaders.map(({ name }) => name))} lead at once`);
    return leader.state === "running"
      ? ok(`${leader.name} leads`)
      : fault(`${leader.name} is ${leader.state}`);
  },
});
