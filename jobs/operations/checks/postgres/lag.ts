import { check, count, fault, listed, notChecked, ok } from "../check";
import { isLeader, isServing } from "./roles";

/** A segment of WAL. */
const MOST_BYTES = 16 * 2 ** 20;

export const lag = check({
  id: "postgres.lag",
  title: "no replica lags behind",
  severity: "warning",
  means: "Readers see old rows, and a failover to this replica is refused or loses what it lacks.",
  next: "jobs postgres status",
  runbook: "docs/runbooks/postgres.md#a-member-does-not-come-back",
  run: async ({ patroni }) => {
    const { members } = await patroni.cluster();
    const replicas = members.filter(({ role }) => !isLeader(role));
    const behind = replicas.filter(({ lag }) => typeof lag === "number" && lag > MOST_BYTES);
    if (behind.length > 0)
      return fault(
        listed(behind.map(({ name, lag }) => `${name} lags ${Math.round(Number(lag) / 2 ** 20)} MiB`)),
      );
    const unknown = replicas.filter(({ lag, state }) => typeof lag !== "number" && isServing(state));
    if (unknown.length > 0)
      return notChecked(`the lag of ${listed(unknown.map(({ name }) => name))} is unknown`);
    return ok(
      replicas.length === 0 ? "there is no replica" : `${count(replicas.length, "replica")} within 16 MiB`,
    );
  },
});
