export {
  ADMINISTRATORS,
  type EtcdHost,
  type EtcdMemberCertificates,
  type EtcdUser,
  type K3sAuthorities,
  Pki,
  type PkiArgs,
} from "../../servers";
export { Authority, type AuthorityArgs, type LeafArgs } from "./authority";
export { LIFETIMES, type Lifetime } from "./lifetimes";
export { PostgresPki, type PostgresPkiArgs } from "./postgres-pki";
