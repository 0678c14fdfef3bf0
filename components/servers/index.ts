export {
  ADMINISTRATORS,
  type EtcdHost,
  type EtcdMemberCertificates,
  type EtcdUser,
  type K3sAuthorities,
  METRICS_HOST,
  Pki,
  type PkiArgs,
  peopleGroups,
} from "./certificates";
export { haproxyAlerts } from "./edge";
export {
  ETCD_INTEGRITY,
  ETCD_PANELS,
  type EtcdAccess,
  etcdAlerts,
  PATRONI_USER,
  PEER_COMMON_NAME,
} from "./etcd";
export { serversFor } from "./from-settings";
export { BOOTED_WITH_LABEL, surveyAccount } from "./hetzner";
export { HetznerCluster, type HetznerClusterArgs } from "./hetzner-cluster";
export {
  AUDIT_LOGS,
  allocatable,
  INGRESS_VALUES,
  JOINED_WITH_LABEL,
  joinedWith,
  oidcGroup,
  overlayAddresses,
} from "./k3s";
export { installedBy, PROGRAM_FUNCTIONS, serverAlerts, unpackScript } from "./machine";
