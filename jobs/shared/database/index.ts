export { lockedTransaction, tryLock } from "./advisory-lock";
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
export { withLibpq } from "./libpq";
export { maskedMessage, maskedPlace, maskedValue } from "./masked-values";
export {
  type Migration,
  migrate,
  migrationStatus,
  readMigrations,
  takeBack,
} from "./migrations";
