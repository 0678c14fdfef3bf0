export { PatroniEtcd, type PatroniEtcdArgs } from "./etcd";
