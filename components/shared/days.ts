/** The present time, or that of SOURCE_DATE_EPOCH, which makes runs repeatable. */
export function today(environment = process.env): Date {
  const epoch = environment.SOURCE_DATE_EPOCH;
  return epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The last second of a day such as 2027-01-31, in milliseconds as of `Date.parse`. */
export const endOf = (day: string): number => Date.parse(`${day}T23:59:59Z`);

/** Days until a day is over, begun ones included; 0 and less: it is over. */
export const daysUntilEndOf = (day: string, now: Date): number =>
  Math.ceil((endOf(day) - now.getTime()) / DAY_MS);
