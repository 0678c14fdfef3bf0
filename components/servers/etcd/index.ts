export { API_SERVER_ARGUMENTS, K3S_USER, PATRONI_USER, PEER_COMMON_NAME, ROOT_USER } from "./access";
export { etcdAlerts } from "./alerts";
export type { EtcdAccess } from "./client-access";
export { clientUrl, ETCD_INTEGRITY, type EtcdMember } from "./configuration";
export { ETCD_PANELS } from "./panels";
export { type EtcdArgs, etcdPart } from "./part";
export type { SnapshotStore } from "./tool-settings";
