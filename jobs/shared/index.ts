export { lockedTransaction, tryLock } from "./advisory-lock";
export { type DomainEntry, parseCommandLine, prepare } from "./command-line";
export {
  type Database,
  openDatabase,
  quoteIdentifier,
  quoteLiteral,
  sqlState,
  transaction,
  withDatabase,
} from "./database";
export { type DatabaseAddress, database } from "./database-setting";
export { json, problem, type Reply, type ServeArgs, serve } from "./http-server";
export {
  type KubernetesAccess,
  KubernetesApi,
  kubernetesAccess,
  refusalOf,
} from "./kubernetes";
export { createLogger, type Logger } from "./logger";
export {
  type Migration,
  type MigrationStatus,
  migrate,
  migrationStatus,
  readMigrations,
  takeBack,
} from "./migrations";
export { onceLetIn } from "./new-pod";
export { ObjectStore, type StoredObject } from "./object-store";
export { StoreError } from "./object-store-errors";
export { type Patience, StoreConnection, type StoreRequest } from "./object-store-request";
export { type ObjectStoreAddress, objectStore } from "./object-store-setting";
export type { Outcome, ResultCode } from "./outcome";
export { createProgress, type Progress, type ProgressDisplay } from "./progress";
export { reason } from "./reason";
export { type RetryArgs, retry } from "./retry";
export {
  argument,
  decimalNumber,
  flag,
  type Inputs,
  oneOf,
  readSettings,
  type Setting,
  text,
  toggle,
  variable,
  wholeNumber,
} from "./setting";
export { listProblems, UserError } from "./user-error";
export { type Context, type Domain, type Verb, verb } from "./verb";
