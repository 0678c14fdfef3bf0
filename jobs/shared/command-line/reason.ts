/**
 * The message of an error. A refused connection to a name with several addresses is an AggregateError without a
 * message.
 */
export function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join("; ");
  return error instanceof Error ? error.message : String(error);
}
