export type { Outcome } from "../supervisor";
export {
  argument,
  type Context,
  createLogger,
  createProgress,
  type Domain,
  type DomainEntry,
  decimalNumber,
  explain,
  flag,
  type Inputs,
  type Logger,
  listProblems,
  oneOf,
  parseCommandLine,
  prepare,
  readSettings,
  reason,
  type Setting,
  text,
  toggle,
  UserError,
  variable,
  verb,
  wholeNumber,
  work,
} from "./command-line";
export {
  type Database,
  type DatabaseAddress,
  database,
  lockedTransaction,
  type Migration,
  migrate,
  migrationStatus,
  openDatabase,
  quoteIdentifier,
  quoteLiteral,
  readMigrations,
  sqlState,
  takeBack,
  transaction,
  tryLock,
  withDatabase,
} from "./database";
export { sha256Of } from "./digest";
export { json, problem, type Reply, serve } from "./http";
export {
  CONFIG_MAP_BYTES,
  type KubernetesAccess,
  KubernetesApi,
  kubernetesAccess,
  onceLetIn,
  refusalOf,
} from "./kubernetes";
export { exporterReply, type GaugeFamily, type GaugeSample, metricsText } from "./metrics";
export {
  ObjectStore,
  type ObjectStoreAddress,
  objectStore,
  StoreConnection,
  StoreError,
  type StoreRequest,
} from "./object-store";
export { retry } from "./retry";
