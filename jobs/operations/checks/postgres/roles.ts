/** Patroni's names of roles: a standby leader follows another cluster. */
export const isLeader = (role: string) => role === "leader" || role === "standby_leader";
export const isSynchronous = (role: string) => role === "sync_standby" || role === "quorum_standby";

/** The states of a member that serves: a leader runs, a replica streams. */
export const isServing = (state: string) => state === "running" || state === "streaming";
