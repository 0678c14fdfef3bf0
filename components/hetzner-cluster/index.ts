export { type EtcdAccess, HetznerCluster, type HetznerClusterArgs } from "./hetzner-cluster";
