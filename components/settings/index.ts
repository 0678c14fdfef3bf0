export { adviceOn } from "./advice";
export { type AirflowProcess, airflowProcesses } from "./check-airflow";
export { minioShape } from "./check-minio";
export { postgresShape } from "./check-postgres";
export { PODS_OF_A_NODE } from "./checks";
export {
  loadSettings,
  type NeededSecret,
  neededSecrets,
  type SettingsSecrets,
  type StackSettings,
} from "./load";
export { type Location, type NetworkZone, roundTripMs, worstRoundTripMs, zoneOf } from "./locations";
export {
  type DriveLayout,
  describeLayout,
  judgeLayout,
  KEEPS_READS,
  KEEPS_WRITES,
  type NodeLoss,
  readQuorum,
  writeQuorum,
} from "./minio-layout";
export { type Fabric, fabricOf, hasRole, type Node, nodesOf } from "./nodes";
export { parseSettings, SettingsError } from "./parse";
export { billedNames, type MonthlyPrice, monthlyPrice } from "./prices";
export type {
  Edge,
  Environment,
  ExistingTarget,
  HetznerTarget,
  Offsite,
  Role,
  ServerGroup,
  Settings,
} from "./schema";
export { SERVER_TYPES, type ServerTypeName } from "./server-types";
export { addressIn, type Cidr, cidr, cidrRange, type DomainName, type KubernetesName } from "./values";
