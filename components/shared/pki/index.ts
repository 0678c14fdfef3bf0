export { Authority, type AuthorityArgs, type LeafArgs } from "./authority";
export type { KeyPair } from "./key-pair";
export { LIFETIMES, type Lifetime } from "./lifetimes";
export { type PostgresHosts, PostgresPki, type PostgresPkiArgs } from "./postgres-pki";
