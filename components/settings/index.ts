export { adviceOn, notesOn } from "./advice";
export {
  type AirflowProcess,
  ARCHIVE_TIMEOUT_SECONDS,
  airflowProcesses,
  archiveQueueGib,
  backupSessions,
  CRM,
  type DiskUse,
  type DriveLayout,
  databaseSessions,
  diskReport,
  diskUse,
  gardenosScale,
  gardenosSessions,
  ingestionRuns,
  judgeLayout,
  KEEPS_READS,
  KEEPS_WRITES,
  type LogStoreSize,
  type LogsShape,
  logsShape,
  MIRROR_BUCKET,
  maxConnections,
  minioShape,
  mirroredBuckets,
  OVERHEAD_MIB,
  PODS_OF_A_NODE,
  type PrometheusSize,
  postgresShape,
  postgresSize,
  prometheusSize,
  type RainServers,
  RECEIVERS,
  RESERVED_SESSIONS,
  type ReceiverKind,
  rainServers,
  readQuorum,
  type Scale,
  SESSION_MIB,
  type SessionBudget,
  type SessionUse,
  type Synchronous,
  sessionBudget,
  volumesGrow,
  WORKER_SESSIONS,
  writeQuorum,
} from "./checks";
export { chosenImages } from "./chosen-images";
export { type ExternalStore, externalStore } from "./external-store";
export {
  billedNames,
  LOCATIONS,
  type Location,
  monthlyPrice,
  type NetworkZone,
  PRICES_READ_ON,
  SERVER_TYPES,
  type ServerTypeName,
  VOLUME_GIB,
  worstRoundTripMs,
  zoneOf,
} from "./hetzner-catalogue";
export { loadSettings, neededSecrets, type SettingsSecrets } from "./load";
export { type Fabric, fabricOf, hasRole, type Node, nodesOf } from "./nodes";
export { type OffsiteStore, offsiteStore } from "./offsite-store";
export { parseSettings, SettingsError } from "./parse";
export { OWNED, PARAMETERS, type ParameterValue, parameterProblem } from "./postgres-parameters";
export { requestSettings } from "./request-settings";
export type {
  AlertReceivers,
  AlertSecret,
  DataSurfaceSettings,
  Edge,
  Environment,
  ExistingTarget,
  ExternalStoreSettings,
  HetznerTarget,
  MonitoringSettings,
  Oidc,
  OwnStoreSettings,
  Role,
  Settings,
} from "./schema";
export { existingTarget, hetznerTarget, settingsSchema, USUAL } from "./schema";
export { soundsSecret } from "./secret-names";
export type { StoreKeys } from "./store-keys";
export { addressIn, type Cidr, cidr, cidrRange, type KubernetesName } from "./values";
