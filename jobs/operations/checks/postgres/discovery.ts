import { check, fault, notChecked, ok } from "../check";
import { isLeader } from "./roles";

export const discovery = check({
  id: "postgres.discovery",
  title: "the published leader is the one that leads",
  severity: "critical",
  means: "Clients are sent to a member that does not lead.",
  next: "kubectl -n postgres logs deployment/postgres-discovery",
  runbook: "docs/runbooks/postgres.md#clients-do-not-reach-the-leader",
  run: async ({ kubernetes, patroni }, { postgres: { namespace, primaryService } }) => {
    const slice = (await kubernetes.all("slices")).find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === primaryService,
    );
    if (!slice) return fault(`the EndpointSlice ${primaryService} does not exist`);
    const published = slice.endpoints.flatMap(({ addresses }) => addresses);
    const { members } = await patroni.cluster();
    const leader = members.find(({ role }) => isLeader(role));
    if (!leader?.host) return notChecked("Patroni names no leader to compare with");
    return published.length === 1 && published[0] === leader.host
      ? ok(`it is ${leader.name}`)
      : fault(`${published.join(" and ") || "nothing"} is published, and ${leader.host} leads`);
  },
});
