export { Etcd, type EtcdArgs } from "./etcd";
