import { isIP } from "node:net";
import { type ClusterMember, Patroni } from "../../patroni";
import { type Context, type DatabaseAddress, StoreError } from "../../shared";

/** A server to back up from. */
export interface Source {
  /** For log messages: "postgres-2, a replica that is 0 bytes behind". */
  readonly name: string;
  /** How to connect to it. */
  readonly address: DatabaseAddress;
}

/** How to reach the REST API of Patroni's members. */
export interface MembersAccess {
  /** URL of any member's REST API. */
  readonly url: string;
  /** File with the CA certificate of the members. */
  readonly authority: string;
}

/** A replica that lags by more than one WAL segment is not used. */
const MOST_LAG = 16 * 1024 * 1024;

/**
 * The servers to dump from, the best first: streaming replicas, so that the dump does not load the leader; last the
 * server from the settings, which is the leader.
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
    const replicas = healthyReplicas(cluster.members, new URL(members.url).hostname).map(
      ({ name, host, port, lag }) => ({
        name: `${name}, a replica that is ${lag} bytes behind`,
        address: { ...server, host, port },
      }),
    );
    if (replicas.length === 0) log.info("no replica streams: the leader is dumped");
    return [...replicas, leader];
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`the members are not known, so the leader is dumped: ${messageOf(error)}`);
    return [leader];
  }
}

/**
 * Replicas that stream from the leader on its timeline, the smallest lag first. `service` is the host of the REST API:
 * each member has a host name of its own below it, which the certificate contains. Members announce addresses, which no
 * certificate contains; only where the REST API is reached by address too, the announced one is used.
 */
export function healthyReplicas(
  members: readonly ClusterMember[],
  service: string,
): { name: string; host: string; port: number; lag: number }[] {
  const leader = members.find(({ role }) => role === "leader");
  return members
    .filter((member) => /replica|standby/.test(member.role) && member.role !== "standby_leader")
    .filter(({ state, timeline }) => state === "streaming" && timeline === leader?.timeline)
    .flatMap(({ name, host: announced, port, lag }) => {
      const host = isIP(service) ? announced : `${name}.${service}`;
      return host && typeof lag === "number" && lag <= MOST_LAG
        ? [{ name, host, port: port ?? 5432, lag }]
        : [];
    })
    .sort((a, b) => a.lag - b.lag || (a.name < b.name ? -1 : 1));
}

/** Works with the best source. If one fails midway, starts over with the next. */
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
      // Another server would not fix the bucket.
      if (!next || error instanceof StoreError) throw error;
      log.warn(`${source.name} failed, going on with ${next.name}: ${messageOf(error)}`);
    }
  }
  throw new Error("there is no server to dump from");
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
