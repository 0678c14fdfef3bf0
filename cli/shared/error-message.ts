import { UserError } from "../../components/shared/user-error";

/** The SDK puts the way of an error before its message, which tells the user nothing. */
const WAY = /^(error serializing property "[^"]*": )+/;

/**
 * Whether the user can correct what went wrong, so that the message is enough. The jobs have a `UserError` of their own;
 * its name identifies it, because loading the jobs for its class takes a second that most commands do not need.
 */
export const isUserError = (error: unknown): error is Error =>
  error instanceof UserError || (error instanceof Error && error.name === "UserError");

/** What a command says of an error: what the user can mend by its message alone. */
export function messageOf(error: unknown): string {
  if (isUserError(error)) return error.message.replace(WAY, "");
  return `the program failed for a reason other than its settings:\n${error instanceof Error ? error.stack : String(error)}`;
}
