import { type ClusterMember, Patroni } from "../../postgres";
import { type Context, type DatabaseAddress, StoreError } from "../../shared";

/** A server that a backup can be made from. */
export interface Source {
  /** As a person knows it: "postgres-2, a replica that is 0 bytes behind". */
  readonly name: string;
  readonly address: DatabaseAddress;
}

/** Where Patroni's members tell of each other. */
export interface MembersAccess {
  readonly url: string;
  readonly authority: string;
}

/** A replica that is further behind than one segment of the log is not one to count on. */
const MOST_LAG = 16 * 1024 * 1024;

/**
 * The servers to dump from, the best first: replicas that stream, so that the dump costs the leader nothing, and last
 * the server of the settings, which is the leader.
 */
export async function findSources(
  server: DatabaseAddress,
  members: MembersAccess | undefined,
  { log, signal }: Context,
): Promise<Source[]> {
  const leader: Source = { name: `the leader at ${server.host}:${server.port}`, address: server };
  if (!members) return [{ ...leader, name: `${server.host}:${server.port}` }];
  try {
    const cluster = await new Patroni(members).cluster(signal);
    const replicas = healthyReplicas(cluster.members).map(({ name, host, port, lag }) => ({
      name: `${name}, a replica that is ${lag} bytes behind`,
      address: { ...server, host, port },
    }));
    if (replicas.length === 0) log.info("no replica streams: the leader is dumped");
    return [...replicas, leader];
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`the members are not known, so the leader is dumped: ${messageOf(error)}`);
    return [leader];
  }
}

/** Those that stream from the leader on its timeline, the closest first. */
export function healthyReplicas(
  members: readonly ClusterMember[],
): { name: string; host: string; port: number; lag: number }[] {
  const leader = members.find(({ role }) => role === "leader");
  return members
    .filter((member) => /replica|standby/.test(member.role) && member.role !== "standby_leader")
    .filter(({ state, timeline }) => state === "streaming" && timeline === leader?.timeline)
    .flatMap(({ name, api_url, port, lag }) =>
      // By the name of the REST API, which the certificate holds: PostgreSQL's own address is that of the pod of now.
      api_url && typeof lag === "number" && lag <= MOST_LAG
        ? [{ name, host: new URL(api_url).hostname, port: port ?? 5432, lag }]
        : [],
    )
    .sort((a, b) => a.lag - b.lag || (a.name < b.name ? -1 : 1));
}

/** Works with the best source; where one fails in the middle, all over again with the next. */
export async function withBestSource<T>(
  sources: readonly Source[],
  { log, signal }: Pick<Context, "log" | "signal">,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  for (const [index, source] of sources.entries()) {
    log.info({ host: source.address.host, port: source.address.port }, `dumping from ${source.name}`);
    try {
      return await work(source);
    } catch (error) {
      signal.throwIfAborted();
      const next = sources[index + 1];
      // Another server would not mend the bucket.
      if (!next || error instanceof StoreError) throw error;
      log.warn(`${source.name} failed, going on with ${next.name}: ${messageOf(error)}`);
    }
  }
  throw new Error("there is no server to dump from");
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
