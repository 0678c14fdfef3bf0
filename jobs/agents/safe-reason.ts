import { JobError, sqlState } from "../shared";

/**
 * The reason of an error without content. Messages of PostgreSQL and of a model's API may repeat a value of a row or a
 * part of a prompt, so only our own messages are shown, and the class or code of every other error.
 */
export function safeReason(error: unknown): string {
  if (error instanceof JobError || error instanceof PlainError) return error.message;
  const state = sqlState(error);
  if (state) return `PostgreSQL refused a statement (SQLSTATE ${state})`;
  if (!(error instanceof Error)) return "an error that is not an Error";
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[A-Z0-9_]{2,40}$/.test(code) ? `${error.name} (${code})` : error.name;
}

/** An error whose message contains no content of a row, a prompt or an answer. */
export class PlainError extends Error {
  override readonly name: string = "PlainError";
}
