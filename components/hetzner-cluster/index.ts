export { HetznerCluster, type HetznerClusterArgs } from "./hetzner-cluster";
