export { type People, peopleGroups } from "./people";
export {
  ADMINISTRATORS,
  type EtcdHost,
  type EtcdMemberCertificates,
  type EtcdUser,
  type K3sAuthorities,
  METRICS_HOST,
  Pki,
  type PkiArgs,
} from "./pki";
