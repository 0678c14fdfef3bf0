import { type Database, lockedTransaction } from "../../../shared";
import { belongingTo, type Platform, platformTables } from "../../model";
import { inPublic } from "./dataset-tables";

/**
 * The platform's batch counter and batch metrics. The database enforces the rules for batches: numbers start at 1 and
 * have no gaps (each batch references the one before), a stream has at most one open batch, a committed batch has an
 * end, and its counts add up.
 */
function renderBatchTables(platform: Platform): string {
  const names = platformTables(platform.name);
  const [counter, metrics] = [inPublic(names.counter), inPublic(names.metrics)];
  return `
    CREATE TABLE IF NOT EXISTS ${metrics} (
      key varchar(255) NOT NULL,
      batch_id integer NOT NULL CHECK (batch_id >= 1),
      batch_start_time timestamp NOT NULL DEFAULT clock_timestamp(),
      batch_end_time timestamp,
      batch_status varchar(32) NOT NULL CHECK (batch_status IN ('started', 'ingested', 'committed')),
      keys_new bigint,
      records_inserted bigint,
      records_updated bigint,
      records_deleted bigint,
      unchanged bigint,
      total_records bigint,
      datasets jsonb,
      state jsonb NOT NULL,
      previous_batch integer GENERATED ALWAYS AS (CASE WHEN batch_id > 1 THEN batch_id - 1 END) STORED,
      PRIMARY KEY (key, batch_id),
      FOREIGN KEY (key, previous_batch) REFERENCES ${metrics} (key, batch_id),
      CHECK ((batch_status = 'committed') = (batch_end_time IS NOT NULL)),
      CHECK (keys_new + records_updated + unchanged = total_records)
    );
    CREATE UNIQUE INDEX IF NOT EXISTS ${belongingTo(names.metrics, "open")}
      ON ${metrics} (key) WHERE batch_status <> 'committed';
    CREATE TABLE IF NOT EXISTS ${counter} (
      key varchar(255) PRIMARY KEY,
      "currentBatch" integer NOT NULL,
      FOREIGN KEY (key, "currentBatch") REFERENCES ${metrics} (key, batch_id) DEFERRABLE INITIALLY DEFERRED
    );`;
}

/** Creates missing batch tables; two runs may do so at once. */
export async function ensureBatchTables(database: Database, platform: Platform): Promise<void> {
  const { counter } = platformTables(platform.name);
  const { rows } = await database.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [
    inPublic(counter),
  ]);
  if (rows[0]?.there) return;
  await lockedTransaction(database, `datasurface tables of ${platform.name}`, () =>
    database.query(renderBatchTables(platform)),
  );
}
