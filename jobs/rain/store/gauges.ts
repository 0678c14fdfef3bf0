import { type Database, transaction } from "../../shared";
import { type Outage, RefusedFile, type Source, type Station } from "../reading";
import { refreshSummaries } from "./summaries";

/** A gauge's name in one file. */
export interface NamedGauge {
  readonly id: string;
  readonly name: string;
}

/**
 * Locks the gauges until the transaction ends, in the order of their numbers. Two imports that touch the same gauge run
 * one after the other, so that neither computes a summary without the other's readings; the order prevents deadlocks.
 */
export async function lockGauges(database: Database, ids: readonly string[]): Promise<void> {
  await database.query("SELECT FROM gauge WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", [ids]);
}

/**
 * Names gauges, unless a newer or more trusted file has named them already. A name under an alias counts only where the
 * gauge's own number has none.
 */
export async function nameGauges(
  database: Database,
  named: readonly NamedGauge[],
  source: Source,
  year: number,
): Promise<void> {
  await database.query(
    `WITH given AS (
       SELECT DISTINCT ON (id) coalesce(alias.gauge, label) AS id, name
       FROM unnest($1::text[], $2::text[]) AS named (label, name)
       LEFT JOIN gauge_alias AS alias ON alias.alias = label AND alias.until = 'infinity'
       ORDER BY id, label = coalesce(alias.gauge, label) DESC
     )
     UPDATE gauge SET name = given.name, name_source = $3, name_year = $4
     FROM given
     WHERE gauge.id = given.id AND (gauge.name, gauge.name_source, gauge.name_year) IS DISTINCT FROM (given.name, $3::source, $4)
       AND (gauge.name_source IS NULL OR (gauge.name_source, gauge.name_year) <= ($3::source, $4))`,
    [named.map(({ id }) => id), named.map(({ name }) => name), source, year],
  );
}

/** Stores a gauge's description from its official record, and moves the readings under its former numbers to it. */
export async function storeStation(
  database: Database,
  station: Station,
  outages: readonly Outage[],
): Promise<void> {
  await transaction(database, "BEGIN", async () => {
    await database.query("INSERT INTO gauge (id) VALUES ($1) ON CONFLICT DO NOTHING", [station.gauge]);
    await refuseOlderRecord(database, station);
    await database.query(
      `UPDATE gauge SET name = $2, name_source = 'fopr', name_year = extract(year FROM coalesce($14, now())), type = $3,
         city = $4, county = $5, location = $6, latitude = $7, longitude = $8, elevation_ft = $9, data_begins = $10,
         average_annual_inches = $11, complete_years = $12, incomplete_months = $13, fopr_updated = $14::date,
         missing_months = $15, remarks = $16, statistics = $17,
         fopr_available = true, fopr_checked_at = now()
       WHERE id = $1`,
      [
        ...[station.gauge, station.name, station.type, station.city, station.county, station.location],
        ...[station.latitude, station.longitude, station.elevationFeet, station.dataBegins],
        ...[station.averageAnnualInches, station.completeYears, station.incompleteMonths, station.updated],
        ...[station.missingMonths, station.remarks, station.statistics],
      ],
    );
    await database.query("DELETE FROM outage WHERE gauge = $1", [station.gauge]);
    await database.query(
      `INSERT INTO outage (gauge, from_day, to_day, days_down, cause, notes, quality)
       SELECT $1, o.* FROM jsonb_to_recordset($2) AS o ("from" date, "to" date, "daysDown" numeric, cause text, notes text, quality quality)`,
      [station.gauge, JSON.stringify(outages)],
    );
    await database.query(
      `INSERT INTO gauge_alias (alias, gauge, until, reason)
       SELECT id, $1, coalesce(until, 'infinity'), text
       FROM jsonb_to_recordset($2) AS former (id text, until date, text text) WHERE id <> $1
       ON CONFLICT (alias) DO UPDATE SET gauge = excluded.gauge, until = excluded.until, reason = excluded.reason`,
      [station.gauge, JSON.stringify(station.formerIds)],
    );
    await gatherStrays(database);
  });
}

/** Records are republished each year with corrections: an old copy must not replace a new one. */
async function refuseOlderRecord(database: Database, { gauge, updated }: Station): Promise<void> {
  const { rows } = await database.query<{ stored: string }>(
    "SELECT fopr_updated::text AS stored FROM gauge WHERE id = $1 AND fopr_updated > $2 FOR NO KEY UPDATE",
    [gauge, updated],
  );
  if (rows[0])
    throw new RefusedFile(
      `the record of ${rows[0].stored} that is stored is newer than this one of ${updated}`,
    );
}

/**
 * Moves readings that were stored under a former number, before it was known as one, to their gauge. So the record does
 * not depend on the order of the files. Runs in the caller's transaction.
 */
export async function gatherStrays(database: Database): Promise<void> {
  const { rows: strays } = await database.query<{ alias: string; gauge: string }>(
    `SELECT alias, gauge FROM gauge_alias
     WHERE EXISTS (SELECT FROM reading WHERE reading.gauge = alias AND day < until) ORDER BY alias`,
  );
  if (strays.length === 0) return;
  await database.query("INSERT INTO gauge (id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", [
    strays.map(({ gauge }) => gauge),
  ]);
  await lockGauges(
    database,
    strays.flatMap(({ alias, gauge }) => [alias, gauge]),
  );
  const aliases = strays.map(({ alias }) => alias);
  const { rows: moved } = await database.query<{ gauge: string; month: string }>(
    `WITH moved AS (
       DELETE FROM reading USING gauge_alias AS alias
       WHERE reading.gauge = alias.alias AND alias.alias = ANY ($1) AND day < until
       RETURNING reading.*, alias.gauge AS owner
     ),
     kept AS (
       INSERT INTO reading AS stored (gauge, day, inches, quality, footnote, source, reported_as, file)
       SELECT owner, day, inches, quality, footnote, source, reported_as, file FROM moved
       ON CONFLICT (gauge, day) DO UPDATE SET inches = excluded.inches, quality = excluded.quality,
         footnote = excluded.footnote, source = excluded.source, reported_as = excluded.reported_as,
         file = excluded.file, updated_at = now()
       WHERE excluded.source > stored.source
     )
     SELECT DISTINCT unnest(ARRAY[gauge, owner]) AS gauge, to_char(day, 'YYYY-MM-01') AS month FROM moved`,
    [aliases],
  );
  await refreshSummaries(database, {
    gauges: moved.map(({ gauge }) => gauge),
    months: moved.map(({ month }) => month),
  });
  await database.query(
    `DELETE FROM gauge WHERE id = ANY ($1) AND latitude IS NULL
       AND NOT EXISTS (SELECT FROM reading WHERE gauge = id) AND NOT EXISTS (SELECT FROM live_reading WHERE gauge = id)`,
    [aliases],
  );
}

/** Records the provider's answer for a gauge's official record; only a "not found" marks it unavailable. */
export async function markFopr(database: Database, gauge: string, available: boolean): Promise<void> {
  await database.query(
    `INSERT INTO gauge (id, fopr_available, fopr_checked_at) VALUES ($1, $2, now())
     ON CONFLICT (id) DO UPDATE SET fopr_available = excluded.fopr_available, fopr_checked_at = now()`,
    [gauge, available],
  );
}

/**
 * Gauges whose official record was not requested within this many days; never requested ones come first. With readings,
 * only an import of readings counts as a request, unless the provider said that there is no record.
 */
export async function staleGauges(
  database: Database,
  days: number,
  withReadings: boolean,
): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(
    `SELECT id FROM (
       SELECT id, CASE WHEN $2 AND fopr_available IS NOT FALSE THEN fopr_imported_at ELSE fopr_checked_at END AS asked
       FROM gauge
     ) AS gauge
     WHERE asked IS NULL OR asked < now() - make_interval(days => $1)
     ORDER BY asked NULLS FIRST, id`,
    [days, withReadings],
  );
  return rows.map(({ id }) => id);
}
