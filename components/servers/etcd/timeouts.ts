/** etcd's defaults, right for members that stand close together. */
const LEAST_HEARTBEAT_MS = 100;
const LEAST_ELECTION_MS = 1000;

export interface Timeouts {
  readonly heartbeatMs: number;
  readonly electionMs: number;
}

/**
 * etcd's tuning guide asks for a heartbeat of 0.5 to 1.5 round trips and for an election of at least ten round trips,
 * long enough to miss several heartbeats. We take 1.5 round trips, rounded up to 50 ms, and ten heartbeats: a slow
 * packet then costs nothing, and a lost leader costs at most twice the election timeout.
 */
export function timeoutsFor(roundTripMs: number): Timeouts {
  const heartbeatMs = Math.max(LEAST_HEARTBEAT_MS, Math.ceil((roundTripMs * 1.5) / 50) * 50);
  return { heartbeatMs, electionMs: Math.max(LEAST_ELECTION_MS, heartbeatMs * 10) };
}
