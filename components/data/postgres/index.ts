export { discoveryAlerts, memberAlerts, poolerAlerts } from "./alerts";
export type { PostgresArchiveArgs } from "./archive";
export {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type ArchiveConfigArgs,
  type ArchiveServerArgs,
  type Archiving,
  archiveAlerts,
  archiveConfig,
  archiveServerConfig,
  BACKUP_CLIENT,
  type RecoveryTarget,
  repositoryVariables,
} from "./archive";
export { bootstrapSpecification, loginsOf, POOLER_STATS_USER, poolerConfig, poolerUsers } from "./databases";
export { postgresImage, recoveryImage } from "./images";
export { PASSWORD_VARIABLES } from "./logins";
export {
  CLOCKS,
  type Clock,
  dynamicConfiguration,
  type Failover,
  MEMBER_RESOLVER,
  memberEnvironment,
  type PatroniArgs,
  patroniConfig,
} from "./members";
export { POSTGRES, serverNames } from "./names";
export { DATABASES, postgresNamespace } from "./namespace";
export { PATHS, POSTGRES_USER } from "./paths";
export { Postgres, type PostgresArgs } from "./postgres";
