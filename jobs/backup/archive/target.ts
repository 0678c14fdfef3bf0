import { JobError } from "../../shared";
import { parsePlace, placeAfter, type Window } from "./window";

/** Where a recovery ends. */
export type Target =
  | { readonly kind: "time"; readonly moment: Moment }
  /** A WAL position (LSN) such as 0/3000100. */
  | { readonly kind: "lsn"; readonly place: string }
  /** A restore point created by pg_create_restore_point. */
  | { readonly kind: "name"; readonly name: string }
  /** As soon as the backup is consistent. */
  | { readonly kind: "immediate" }
  /** The end of the archived WAL. */
  | { readonly kind: "latest" };

/** A time to the microsecond, which Date alone cannot hold. */
export interface Moment {
  readonly date: Date;
  /** In UTC, in the format that PostgreSQL and pgBackRest read. */
  readonly text: string;
}

const MOMENT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6}))?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)$/i;

/** Reads `2026-11-21 10:00:00+00`, `2026-11-21T10:00:00.123456Z` and similar; undefined without a time zone. */
export function parseMoment(given: string): Moment | undefined {
  const [, day, clock, fraction = "", zone = ""] = MOMENT.exec(given.trim()) ?? [];
  if (!day || !clock) return undefined;
  const offset = /^(Z|UTC)$/i.test(zone)
    ? "Z"
    : zone.replace(/^([+-]\d{2}):?(\d{2})?$/, "$1:$2").replace(/:$/, ":00");
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const date = new Date(`${day}T${seconds}.${fraction.padEnd(3, "0").slice(0, 3)}${offset}`);
  if (Number.isNaN(date.getTime())) return undefined;
  const whole = date.toISOString().slice(0, 19).replace("T", " ");
  return { date, text: `${whole}${fraction && `.${fraction}`}+00` };
}

/** A date in PostgreSQL's format, rounded down to the second. */
export const showMoment = (date: Date) => `${date.toISOString().slice(0, 19).replace("T", " ")}+00`;

export function describeTarget(target: Target): string {
  switch (target.kind) {
    case "time":
      return target.moment.text;
    case "lsn":
      return `the place ${target.place} of the log`;
    case "name":
      return `the restore point ${target.name}`;
    case "immediate":
      return "the end of the backup";
    case "latest":
      return "the end of the archive";
  }
}

/** Refuses a target that the archive cannot reach before anything is fetched, and names what it can reach. */
export function requireReachable(target: Target, found: readonly Window[], now: Date): void {
  if (found.length === 0) {
    throw new JobError(
      "nothing can be recovered: the repository holds no base backup with its log; " +
        "`jobs backup base --type full` makes one",
    );
  }
  if (target.kind === "time") requireMoment(target.moment, found, now);
  if (target.kind === "lsn") requirePlace(target.place, found);
}

function requireMoment({ date, text }: Moment, found: readonly Window[], now: Date): void {
  const reachable = `recoverable is ${describeWindows(found)}`;
  const [first] = found;
  const last = found.at(-1);
  if (date > now) throw new JobError(`${text} is in the future: now it is ${showMoment(now)}; ${reachable}`);
  if (first && date < first.from) throw new JobError(`${text} is before the first backup; ${reachable}`);
  if (last && date > last.to) {
    throw new JobError(`${text} is after the last segment of the log that was archived; ${reachable}`);
  }
  if (!found.some(({ from, to }) => from <= date && date <= to)) {
    throw new JobError(`${text} lies in a gap of the archive; ${reachable}`);
  }
}

function requirePlace(place: string, found: readonly Window[]): void {
  const wanted = parsePlace(place);
  const reached = found.some((window) => {
    const from = parsePlace(window.backup.consistentAt ?? "");
    return wanted !== undefined && from !== undefined && from <= wanted && wanted < placeAfter(window);
  });
  if (!reached) {
    const spans = found.map(
      (window) => `from ${window.backup.consistentAt ?? "?"} to before ${showPlace(placeAfter(window))}`,
    );
    throw new JobError(`${place} is not in the archive; recoverable is ${spans.join(", and ")}`);
  }
}

function describeWindows(found: readonly Window[]): string {
  return found.map(({ from, to }) => `from ${showMoment(from)} to ${showMoment(to)}`).join(", and ");
}

function showPlace(place: bigint): string {
  return `${(place >> 32n).toString(16)}/${(place & 0xffffffffn).toString(16)}`.toUpperCase();
}
