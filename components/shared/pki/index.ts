export { Authority } from "./authority";
export type { KeyPair } from "./key-pair";
export { LIFETIMES } from "./lifetimes";
export { type PostgresHosts, PostgresPki, type PostgresPkiArgs } from "./postgres-pki";
