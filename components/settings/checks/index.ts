export { type AirflowProcess, airflowProcesses, checkAirflow } from "./airflow";
export { checkEnvironment, checkHetzner, PODS_OF_A_NODE } from "./checks";
export {
  backupSessions,
  checkConnections,
  databaseSessions,
  ingestionRuns,
  maxConnections,
  OVERHEAD_MIB,
  RESERVED_SESSIONS,
  SESSION_MIB,
  type SessionBudget,
  type SessionUse,
  sessionBudget,
} from "./connections";
export { checkDatasurface } from "./datasurface";
export { type DiskUse, diskReport, diskUse } from "./disk";
export { CRM, checkGardenos, gardenosScale, gardenosSessions, type Scale, WORKER_SESSIONS } from "./gardenos";
export { checkMinio, layoutAdvice, MIRROR_BUCKET, minioShape, mirroredBuckets } from "./minio";
export {
  type DriveLayout,
  judgeLayout,
  KEEPS_READS,
  KEEPS_WRITES,
  readQuorum,
  writeQuorum,
} from "./minio-layout";
export {
  alertAdvice,
  alertSecrets,
  checkMonitoring,
  type LogStoreSize,
  type LogsShape,
  logsShape,
  type PrometheusSize,
  prometheusSize,
  RECEIVERS,
  type ReceiverKind,
} from "./monitoring";
export { checkOperations } from "./operations";
export {
  ARCHIVE_TIMEOUT_SECONDS,
  archiveQueueGib,
  checkPostgres,
  postgresShape,
  postgresSize,
  type Synchronous,
} from "./postgres";
export { type RainServers, rainServers } from "./rain";
export { volumesGrow } from "./volumes";
