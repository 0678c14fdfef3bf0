import { JobError, reason } from "../../shared";
import { addDays, type Month, monthOfDay, todayInArizona, waterYearOf } from "../calendar";
import { type Arrival, endsTheImport, pdfTargets, type Target, workbookTarget } from "../provider";
import type { Importer } from "./importer";

interface YearsRequest {
  readonly years: readonly number[];
  /** Whether to import further years after one has failed. */
  readonly continueOnFailure: boolean;
  /** Whether to download the next file only after the previous one was imported. */
  readonly sequential: boolean;
}

/** A month's PDF that is absent so long after the month's first day counts as missing. */
const PUBLISHED_AFTER_DAYS = 45;

/** One file of a water year: the provider's answer, or why there was none. */
interface Delivery {
  readonly waterYear: number;
  readonly target: Target;
  readonly arrival: Arrival | { readonly kind: "failed"; readonly error: unknown };
}

/**
 * Imports water years from the provider. A missing or damaged file does not block the other files of its year. The
 * failed ones are named at the end, and a repetition imports only those.
 */
export async function importWaterYears(importer: Importer, request: YearsRequest): Promise<void> {
  const { log } = importer.context;
  const failures: { waterYear: number; message: string }[] = [];
  const found = new Map<number, number>(request.years.map((year) => [year, 0]));
  const absent: { waterYear: number; month: Month }[] = [];
  let stoppedAt: number | undefined;
  for await (const { waterYear, target, arrival } of deliveries(importer, request)) {
    importer.context.signal.throwIfAborted();
    if (failures.some((failure) => failure.waterYear !== waterYear) && !request.continueOnFailure) {
      stoppedAt = waterYear;
      break;
    }
    try {
      if (arrival.kind === "failed") throw arrival.error;
      if (arrival.kind === "absent") {
        log.info({ waterYear, address: arrival.address }, `${arrival.address} is not published`);
        if (target.expected.source === "pdf") absent.push({ waterYear, month: target.expected.month });
        continue;
      }
      await importer.importFile(arrival.name, arrival.bytes, target.expected);
      found.set(waterYear, (found.get(waterYear) ?? 0) + 1);
    } catch (error) {
      if (importer.context.signal.aborted || endsTheImport(error)) throw error;
      const message = reason(error);
      log.error(
        {
          waterYear,
          file: target.path,
          ...(!(error instanceof JobError) && { stack: (error as Error).stack }),
        },
        message,
      );
      failures.push({ waterYear, message });
    }
  }
  failures.push(...unpublished(found, failures, stoppedAt));
  failures.push(...incomplete(found, absent, importer.config.maxMissingMonths));
  if (failures.length > 0) {
    const years = [...new Set(failures.map(({ waterYear }) => waterYear))].join(", ");
    const skipped = stoppedAt === undefined ? "" : `; water year ${stoppedAt} and later were not begun`;
    const list = failures.map(({ waterYear, message }) => `  - ${waterYear}: ${message}`).join("\n");
    throw new JobError(
      `water year ${years} is not complete${skipped}:\n${list}\nRun the same command again: what was imported is not repeated.`,
    );
  }
}

/**
 * A past year without any file was mistyped, or the provider moved its files; the current year may not be published
 * yet.
 */
function unpublished(
  found: ReadonlyMap<number, number>,
  failures: readonly { waterYear: number }[],
  stoppedAt: number | undefined,
) {
  const current = waterYearOf(todayInArizona());
  return [...found]
    .filter(([year, files]) => files === 0 && year < current && (stoppedAt === undefined || year < stoppedAt))
    .filter(([year]) => !failures.some(({ waterYear }) => waterYear === year))
    .map(([waterYear]) => ({ waterYear, message: "the provider has no file of it" }));
}

/** Past years of which the provider lacks more monthly PDFs than allowed. The newest month may still be published. */
function incomplete(
  found: ReadonlyMap<number, number>,
  absent: readonly { waterYear: number; month: Month }[],
  allowed: number,
) {
  const published = monthOfDay(addDays(todayInArizona(), -PUBLISHED_AFTER_DAYS));
  return [...found]
    .filter(([, files]) => files > 0)
    .map(([waterYear]) => ({
      waterYear,
      months: absent.filter((each) => each.waterYear === waterYear && each.month < published),
    }))
    .filter(({ waterYear, months }) => months.length > allowed && waterYear < waterYearOf(todayInArizona()))
    .map(({ waterYear, months }) => ({
      waterYear,
      message:
        `the provider has no PDF of ${months.map(({ month }) => month).join(", ")}, the other months are imported; ` +
        `to accept ${months.length} missing months, set RAIN_MAX_MISSING_MONTHS=${months.length}`,
    }));
}

function deliveries(importer: Importer, { years, sequential }: YearsRequest): AsyncIterable<Delivery> {
  const inOrder = fetchYears(importer, years);
  return sequential ? inOrder : oneAhead(inOrder);
}

async function* fetchYears(importer: Importer, years: readonly number[]): AsyncGenerator<Delivery> {
  for (const waterYear of years) {
    const { config } = importer;
    if (waterYear >= config.workbookStartYear) {
      const delivery = await fetchTarget(importer, waterYear, workbookTarget(config, waterYear));
      yield delivery;
      // The current year may have PDFs of its months before it has a workbook.
      if (delivery.arrival.kind !== "absent") continue;
    }
    if (waterYear < config.pdfStartYear) continue;
    for (const target of pdfTargets(config, waterYear)) yield await fetchTarget(importer, waterYear, target);
  }
}

async function fetchTarget(importer: Importer, waterYear: number, target: Target): Promise<Delivery> {
  try {
    return { waterYear, target, arrival: await importer.provider.fetch(target.path) };
  } catch (error) {
    if (importer.context.signal.aborted) throw error;
    return { waterYear, target, arrival: { kind: "failed", error } };
  }
}

/** Fetches the next item while the consumer processes the current one. */
async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next();
  for (;;) {
    const { done, value } = await next;
    if (done) return;
    next = source.next();
    next.catch(() => undefined); // handled where it is awaited; ignored when the consumer has stopped
    yield value;
  }
}
