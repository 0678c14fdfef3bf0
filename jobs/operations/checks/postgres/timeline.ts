import { check, fault, ok } from "../check";

export const timeline = check({
  id: "postgres.timeline",
  title: "all members are on one timeline",
  severity: "critical",
  means: "A member on another timeline holds rows that the leader does not have, and cannot take over.",
  next: "jobs postgres reinit <member>",
  runbook: "docs/runbooks/postgres.md#a-member-does-not-come-back",
  run: async ({ patroni }) => {
    const { members } = await patroni.cluster();
    const timelines = [...new Set(members.flatMap(({ timeline = [] }) => timeline))].sort();
    return timelines.length <= 1
      ? ok(`timeline ${timelines.join()}`)
      : fault(`members are on the timelines ${timelines.join(" and ")}`);
  },
});
