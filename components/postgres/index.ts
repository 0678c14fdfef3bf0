export { PostgresCluster, type PostgresClusterArgs, type TrustedPair } from "./cluster";
export { serverNames } from "./names";
