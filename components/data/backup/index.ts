export { Backup, type BackupArgs } from "./backup";
export { BACKUP } from "./names";
