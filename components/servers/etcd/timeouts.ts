/** etcd's defaults, which suit members with short round trips. */
const LEAST_HEARTBEAT_MS = 100;
const LEAST_ELECTION_MS = 1000;

export interface Timeouts {
  /** The interval of the leader's heartbeats. */
  readonly heartbeatMs: number;
  /** The time without a heartbeat after which a follower starts an election. */
  readonly electionMs: number;
}

/**
 * etcd's tuning guide recommends a heartbeat of 0.5 to 1.5 round trips and an election timeout of at least ten round
 * trips, long enough to miss several heartbeats. We use 1.5 round trips, rounded up to 50 ms, and ten heartbeats. Then
 * a slow packet causes no election, and the loss of a leader interrupts etcd for at most twice the election timeout.
 */
export function timeoutsFor(roundTripMs: number): Timeouts {
  const heartbeatMs = Math.max(LEAST_HEARTBEAT_MS, Math.ceil((roundTripMs * 1.5) / 50) * 50);
  return { heartbeatMs, electionMs: Math.max(LEAST_ELECTION_MS, heartbeatMs * 10) };
}
