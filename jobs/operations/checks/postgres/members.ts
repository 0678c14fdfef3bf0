import { check, count, fault, listed, ok } from "../check";
import { isServing } from "./roles";

export const members = check({
  id: "postgres.members",
  title: "every member serves",
  severity: "critical",
  means: "The next loss may leave no copy to fail over to.",
  next: "kubectl -n postgres logs <member>",
  runbook: "docs/runbooks/postgres.md#a-member-does-not-come-back",
  run: async ({ patroni }, { postgres }) => {
    const { members } = await patroni.cluster();
    const away = members.filter(({ state }) => !isServing(state));
    if (away.length > 0) return fault(listed(away.map(({ name, state }) => `${name} is ${state}`)));
    return members.length < postgres.members
      ? fault(`${members.length} of ${postgres.members} members are known`)
      : ok(`${count(members.length, "member")} serve`);
  },
});
