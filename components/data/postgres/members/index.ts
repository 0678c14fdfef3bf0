export { PostgresCluster, type PostgresClusterArgs } from "./cluster";
export { memberEnvironment } from "./member-environment";
export { type PatroniArgs, patroniConfig } from "./patroni-config";
