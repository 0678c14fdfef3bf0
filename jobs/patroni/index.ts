export { type Cluster, type ClusterMember, Patroni, type PatroniAccess } from "./rest";
