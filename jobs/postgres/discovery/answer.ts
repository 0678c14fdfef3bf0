import type { Snapshot } from "./snapshot";
import { type Member, topologyOf } from "./topology";

/** Where a Service leads. */
export interface Endpoint {
  readonly member: string;
  readonly address: string;
}

/** What one snapshot says about one Service. */
export interface Answer {
  readonly endpoints: readonly Endpoint[];
  /** When the leader that is published, or was last, came to lead: the revision that made its key. */
  readonly leaderSince: number;
}

export type ServiceKind = "primary" | "replica";

/** What is published already; without a leader key it decides whether the last leader stays. */
type LastAnswer = Answer | undefined;

/**
 * The endpoints of a Service as a pure function of a snapshot and of what is published.
 *
 * While nobody holds the leader key, the primary stays published only if it may still lead: failsafe mode is on, and it
 * has vanished from etcd altogether, key and member entry together, since both hang on one lease. Then it is dead, and
 * another will take the key within seconds; or it is cut off from etcd alone and, as all members agree, goes on. In every
 * other case (it released the key, or has demoted itself without failsafe) nobody can write: the Service is empty, and
 * clients are refused at once instead of waiting for a machine that does not answer.
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
      ? member === leader.name // its entry has no address at the moment, and it was known by one
      : failsafe && !members.some(({ name }) => name === member),
  );
  return { endpoints, leaderSince };
}

/** Readers come before roles: where no replica takes them, the leader does, as behind HAProxy. */
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
