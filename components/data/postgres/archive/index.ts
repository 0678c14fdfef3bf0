export { archiveAlerts } from "./alerts";
export { Archive, type ArchiveChecks, type PostgresArchiveArgs } from "./archive";
export {
  ARCHIVE_CONFIG_FILE,
  ARCHIVE_SERVER_CONFIG_FILE,
  type ArchiveConfigArgs,
  type ArchiveServerArgs,
  type Archiving,
  archiveConfig,
  archiveParameters,
  archiveSection,
  archiveServerConfig,
  BACKUP_CLIENT,
  type RecoveryTarget,
  recoveryBootstrap,
  repositoryVariables,
  restoreCommand,
} from "./archive-config";
export {
  ARCHIVE_PATHS,
  archiveServer,
  archiveVolumes,
  type MemberArchive,
  reachesOffsite,
} from "./archive-pods";
export { BaseBackups } from "./base-backups";
