import { JobError, reason } from "../../shared";
import { endsTheImport, foprTarget } from "../provider";
import { type Outage, RefusedFile, type Station } from "../reading";
import { markFopr, staleGauges, storeStation } from "../store";
import type { Importer } from "./importer";

interface OfficialRecordsRequest {
  /** One gauge. Undefined: all whose record was not requested recently. */
  readonly gauge?: string | undefined;
  readonly staleDays: number;
  /** Whether to import daily readings too, not only the gauge's description. */
  readonly withReadings: boolean;
}

/**
 * Imports the official records of gauges. A failed one does not block the others, but makes the whole import fail at
 * the end.
 */
export async function importOfficialRecords(
  importer: Importer,
  request: OfficialRecordsRequest,
): Promise<void> {
  const { log, signal, progress } = importer.context;
  const gauges = request.gauge
    ? [request.gauge]
    : await importer.withDatabase((database) =>
        staleGauges(database, request.staleDays, request.withReadings),
      );
  if (gauges.length === 0) {
    log.info(`no gauge is due: all were asked for within ${request.staleDays} days, or none is known yet`);
    return;
  }
  const failures: string[] = [];
  const display = progress("official records", "gauges", gauges.length);
  try {
    for (const gauge of gauges) {
      signal.throwIfAborted();
      try {
        await importOne(importer, gauge, request.withReadings);
      } catch (error) {
        if (signal.aborted || endsTheImport(error)) throw error;
        const message = reason(error);
        log.error({ gauge }, message);
        failures.push(`${gauge}: ${message}`);
      }
      display.advance(1);
    }
  } finally {
    display.done();
  }
  if (failures.length > 0) {
    const list = failures.map((failure) => `  - ${failure}`).join("\n");
    throw new JobError(`${failures.length} of ${gauges.length} official records failed:\n${list}`);
  }
}

async function importOne(importer: Importer, gauge: string, withReadings: boolean): Promise<void> {
  const arrival = await importer.provider.fetch(foprTarget(importer.config, gauge).path);
  if (arrival.kind === "absent") {
    // Only the provider's "not found" means that there is no record; a timeout does not.
    await importer.withDatabase((database) => markFopr(database, gauge, false));
    importer.context.log.info({ gauge }, `gauge ${gauge} has no official record`);
    return;
  }
  await importRecord(importer, arrival.name, arrival.bytes, gauge, withReadings);
}

/** Imports one gauge's own workbook, with or without its readings. */
export async function importRecord(
  importer: Importer,
  name: string,
  bytes: Uint8Array,
  gauge: string,
  withReadings: boolean,
): Promise<void> {
  if (withReadings) {
    await importer.importFile(name, bytes, { source: "fopr", gauge });
    await importer.withDatabase((database) => markFopr(database, gauge, true));
    return;
  }
  try {
    const { station, outages } = await describe(importer, bytes, gauge);
    await importer.withDatabase((database) => storeStation(database, station, outages));
    importer.context.log.info({ gauge, updated: station.updated }, `gauge ${gauge} is ${station.name}`);
  } catch (error) {
    if (error instanceof RefusedFile)
      throw new JobError(`${name} is refused: ${error.message}`, 1, { cause: error });
    throw error;
  }
}

async function describe(importer: Importer, bytes: Uint8Array, gauge: string) {
  let station: Station | undefined;
  const outages: Outage[] = [];
  for await (const part of importer.parser.parse(bytes, { source: "fopr", gauge })) {
    if (part.kind === "station") station = part.station;
    if (part.kind === "outage") outages.push(part.outage);
  }
  if (!station) throw new RefusedFile("it describes no gauge");
  return { station, outages };
}
