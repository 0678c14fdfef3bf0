import type { Snapshot } from "./snapshot";
import { type Member, topologyOf } from "./topology";

/** A target of a Service. */
export interface Endpoint {
  /** Name of the Patroni member. */
  readonly member: string;
  /** IP address of its PostgreSQL. */
  readonly address: string;
}

/** The endpoints of one Service, computed from one snapshot. */
export interface Answer {
  /** Empty where no member can serve the Service. */
  readonly endpoints: readonly Endpoint[];
  /** The create revision of the leader key when the published leader, or the last one, took over. */
  readonly leaderSince: number;
}

export type ServiceKind = "primary" | "replica";

/** What is already published; without a leader key it decides whether the last leader stays. */
type LastAnswer = Answer | undefined;

/**
 * Computes the endpoints of a Service as a pure function of a snapshot and of what is published.
 *
 * While nobody holds the leader key, the primary stays published only if it may still lead: failsafe mode is on, and
 * both its key and its member entry are gone from etcd, since both have the same lease. Then either it is dead, and
 * another member takes the key within seconds; or only its connection to etcd is cut, and it continues as leader
 * because all members agree. In every other case (it released the key, or it demoted itself without failsafe) no member
 * accepts writes: the Service is empty, and clients are refused at once instead of waiting for a machine that does not
 * answer.
 */
export function answerOf(kind: ServiceKind, snapshot: Snapshot, last: LastAnswer): Answer {
  return kind === "primary" ? primaryOf(snapshot, last) : replicaOf(snapshot, last);
}

function primaryOf(snapshot: Snapshot, last: LastAnswer): Answer {
  const { leader, members, failsafe } = topologyOf(snapshot);
  const leaderSince = leader?.since ?? last?.leaderSince ?? 0;
  const known = members.find(({ name }) => name === leader?.name);
  if (known?.address) return { endpoints: [{ member: known.name, address: known.address }], leaderSince };

  const endpoints = (last?.endpoints ?? []).filter(({ member }) =>
    leader
      ? member === leader.name // its entry has no address at the moment, but an earlier address is published
      : failsafe && !members.some(({ name }) => name === member),
  );
  return { endpoints, leaderSince };
}

/** Reads take precedence over roles: where no replica is readable, the leader serves them, as behind HAProxy. */
function replicaOf(snapshot: Snapshot, last: LastAnswer): Answer {
  const { leader, members } = topologyOf(snapshot);
  const readable = members.filter((member) => member.readable);
  const replicas = readable.filter(({ name }) => name !== leader?.name);
  return {
    endpoints: (replicas.length > 0 ? replicas : readable).flatMap(endpointOf),
    leaderSince: leader?.since ?? last?.leaderSince ?? 0,
  };
}

const endpointOf = ({ name, address }: Member): Endpoint[] => (address ? [{ member: name, address }] : []);
