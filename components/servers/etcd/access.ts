/** Users that etcd identifies by the common name of their certificate. The user `root` has all rights. */
export const ROOT_USER = "root";
export const K3S_USER = "k3s";

/** How often each member checks users, roles and authentication, and corrects them. */
export const ACCESS_CHECK_MINUTES = 5;

/** Logs in by password: it uses the JSON gateway, which refuses certificates that have a common name. */
export const PATRONI_USER = "patroni";

/** The common name that the peer port requires, so that a client certificate does not work as a member's. */
export const PEER_COMMON_NAME = "etcd-peer";

/** A range of keys that a user may read and write: one key, or all that begin with a prefix. */
export interface Grant {
  /** The etcd user. */
  readonly user: string;
  /** The key, or the first key of the range. */
  readonly key: string;
  /** The first key after the range. @default none: the grant is for a single key */
  readonly end?: string;
}

const GRANTS: readonly Grant[] = [
  { user: K3S_USER, ...prefix("/registry/") },
  // K3s keeps its certificates here, encrypted with the token. It lists the prefix without a trailing slash.
  { user: K3S_USER, ...prefix("/bootstrap") },
  // API servers use this key to agree on which of them compacts. They watch it even if etcd itself compacts.
  { user: K3S_USER, key: "compact_rev_key" },
  { user: PATRONI_USER, ...prefix("/service/") },
];

/**
 * Arguments that every API server on this etcd needs. Since 3.6.9 only root may compact (GHSA-q8m4-xhhv-38mg), so an
 * API server that tries logs a refusal every five minutes. etcd compacts by itself instead.
 */
export const API_SERVER_ARGUMENTS: readonly string[] = ["etcd-compaction-interval=0"];

/** The format that `trellis-etcd` reads: one grant a line, with user, first key, and end of the range or a dash. */
export function renderGrants(grants: readonly Grant[] = GRANTS): string {
  return grants.map(({ user, key, end }) => `${user} ${key} ${end ?? "-"}\n`).join("");
}

function prefix(key: string): { readonly key: string; readonly end: string } {
  const last = key.charCodeAt(key.length - 1);
  return { key, end: key.slice(0, -1) + String.fromCharCode(last + 1) };
}
