export { backupAlerts } from "./alerts";
export { Backup, type BackupArgs } from "./backup";
export { BACKUP } from "./names";
