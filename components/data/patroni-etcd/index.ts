export { PatroniEtcd, type PatroniEtcdArgs } from "./etcd";
export { ETCD_METRICS_PORT } from "./names";
