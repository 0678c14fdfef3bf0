/** The present time, or that of SOURCE_DATE_EPOCH, which makes runs repeatable. */
export function today(environment = process.env): Date {
  const epoch = environment.SOURCE_DATE_EPOCH;
  return epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
}
