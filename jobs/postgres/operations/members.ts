import { type Cluster, type ClusterMember, Patroni, type PatroniAccess } from "../../patroni";
import { type Context, columns, JobError, type Outcome } from "../../shared";
import { confirm } from "./confirm";

interface OperationConfig {
  readonly patroni: PatroniAccess;
  readonly yes: boolean;
}

/** Prints the members as `patronictl list` does, with lag in megabytes. */
export async function status(
  { patroni, json }: { readonly patroni: PatroniAccess; readonly json: boolean },
  { print, signal }: Context,
): Promise<Outcome> {
  const cluster = await new Patroni(patroni).cluster(signal);
  print(json ? JSON.stringify(cluster, undefined, 2) : renderCluster(cluster));
  return "done";
}

export async function switchover(
  { patroni, to, yes }: OperationConfig & { readonly to: string | undefined },
  { log, signal }: Context,
): Promise<Outcome> {
  const rest = new Patroni(patroni);
  const cluster = await rest.cluster(signal);
  const leader = leaderOf(cluster);
  if (to !== undefined && memberOf(cluster, to) === leader) throw new JobError(`${to} leads already`);
  await confirm(`Hand the lead of ${leader.name} over to ${to ?? "the best replica"}?`, yes, signal);
  log.info(await rest.switchover(leader.name, to, signal));
  return "done";
}

export async function reinit(
  { patroni, member: name, yes }: OperationConfig & { readonly member: string },
  { log, signal }: Context,
): Promise<Outcome> {
  const rest = new Patroni(patroni);
  const cluster = await rest.cluster(signal);
  const member = memberOf(cluster, name);
  if (member === leaderOf(cluster)) {
    throw new JobError(`${name} leads, and there is nobody to copy from: switch over first`);
  }
  await confirm(`Delete all data of ${name}, and copy it from the leader anew?`, yes, signal);
  await rest.reinitialize(member, signal);
  log.info(`${name} copies the data anew; follow it with: jobs postgres status`);
  return "done";
}

function leaderOf({ members }: Cluster): ClusterMember {
  const leader = members.find(({ role }) => role === "leader" || role === "standby_leader");
  if (!leader) throw new JobError("the cluster has no leader at the moment");
  return leader;
}

function memberOf({ members }: Cluster, name: string): ClusterMember {
  const member = members.find((each) => each.name === name);
  if (member) return member;
  throw new JobError(`${name} is no member. There are: ${members.map((each) => each.name).join(", ")}`, 2);
}

function renderCluster({ members, pause }: Cluster): string {
  const rows = members.map((member) => [
    member.name,
    member.host ? `${member.host}:${member.port ?? 5432}` : "-",
    member.role.replaceAll("_", " "),
    member.state,
    String(member.timeline ?? "-"),
    lagOf(member),
    member.pending_restart ? "yes" : "",
  ]);
  const headings = ["Member", "Address", "Role", "State", "Timeline", "Lag in MB", "Restart pending"];
  return [
    ...columns([headings, ...rows]),
    ...(pause ? ["Paused: nobody is promoted, and nothing restarts by itself."] : []),
  ].join("\n");
}

/** The WAL that a replica has not received yet, which would be lost in a failover to it. */
function lagOf({ role, lag, receive_lag }: ClusterMember): string {
  if (role === "leader") return "";
  const bytes = receive_lag ?? lag;
  return typeof bytes === "number" ? (bytes / 2 ** 20).toFixed(1) : (bytes ?? "unknown");
}
