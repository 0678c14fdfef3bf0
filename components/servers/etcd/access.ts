/** Users known by the common name of their certificate; etcd gives every right to the one called root. */
export const ROOT_USER = "root";
export const K3S_USER = "k3s";

/** How often each member checks users, roles and authentication, and corrects them. */
export const ACCESS_CHECK_MINUTES = 5;

/** Known by password: it speaks the JSON gateway, which refuses certificates that have a common name. */
export const PATRONI_USER = "patroni";

/** The common name that the peer port demands, so that no client's certificate can pose as a member. */
export const PEER_COMMON_NAME = "etcd-peer";

/** A range of keys that a user may read and write: one key, or all that begin with a prefix. */
export interface Grant {
  readonly user: string;
  readonly key: string;
  /** The first key after the range; absent for a single key. */
  readonly end?: string;
}

export const GRANTS: readonly Grant[] = [
  { user: K3S_USER, ...prefix("/registry/") },
  // K3s keeps its certificates here, encrypted with the token, and lists the prefix without a slash behind it.
  { user: K3S_USER, ...prefix("/bootstrap") },
  // Where API servers agree on who compacts. They watch it even where etcd itself compacts.
  { user: K3S_USER, key: "compact_rev_key" },
  { user: PATRONI_USER, ...prefix("/service/") },
];

/**
 * What every API server on this etcd must be started with. Since 3.6.9 etcd compacts for root alone
 * (GHSA-q8m4-xhhv-38mg), so an API server that tries would log a refusal every five minutes; etcd compacts by itself.
 */
export const API_SERVER_ARGUMENTS: readonly string[] = ["etcd-compaction-interval=0"];

/** As the tool reads them: user, first key, and end of the range or a dash, one grant a line. */
export function renderGrants(grants: readonly Grant[] = GRANTS): string {
  return grants.map(({ user, key, end }) => `${user} ${key} ${end ?? "-"}\n`).join("");
}

function prefix(key: string): { readonly key: string; readonly end: string } {
  const last = key.charCodeAt(key.length - 1);
  return { key, end: key.slice(0, -1) + String.fromCharCode(last + 1) };
}
