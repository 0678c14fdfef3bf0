export type { Outcome } from "./command-line";
export {
  argument,
  type Context,
  createLogger,
  createProgress,
  type Domain,
  type DomainEntry,
  decimalNumber,
  flag,
  type Inputs,
  type Logger,
  listProblems,
  main,
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
export { json, problem, type Reply, serve } from "./http";
export { type KubernetesAccess, KubernetesApi, kubernetesAccess, onceLetIn, refusalOf } from "./kubernetes";
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
