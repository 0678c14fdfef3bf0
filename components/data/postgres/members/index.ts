export { PostgresCluster, type PostgresClusterArgs, type TrustedPair } from "./cluster";
export { BACKUP_GROUP, REWIND_USER } from "./host-access";
export { memberEnvironment, PASSWORD_VARIABLES } from "./member-environment";
export { type PatroniArgs, patroniConfig } from "./patroni-config";
