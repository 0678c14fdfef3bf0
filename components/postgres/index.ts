export type { ArchiveArgs, ArchiveStore } from "./archive";
export { archiveAlerts } from "./archive-alerts";
export {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type ArchiveConfigArgs,
  type ArchiveServerArgs,
  type Archiving,
  archiveConfig,
  archiveServerConfig,
  BACKUP_CLIENT,
  type RecoveryTarget,
  repositoryVariables,
} from "./archive-config";
export type { TrustedPair } from "./cluster";
export { postgresImage, recoveryImage } from "./image";
export { memberEnvironment, PASSWORD_VARIABLES } from "./member-environment";
export { hostOf, NODE_PORTS, POSTGRES, POSTGRES_NAMESPACE, serverNames } from "./names";
export { type PatroniArgs, patroniConfig } from "./patroni-config";
export { PLACES, POSTGRES_USER } from "./places";
export { poolerConfig, poolerUsers } from "./pooler-config";
export { Postgres, type PostgresArgs } from "./postgres";
export { type Access, bootstrapSpecification, loginsOf } from "./specification";
