import { UserError } from "../../components/shared/user-error";
import { fileSentence } from "./file-error";

/** The SDK prefixes messages with a chain of property names, which does not help the user. */
const WAY = /^(error serializing property "[^"]*": )+/;

/**
 * Whether the user can fix the error, so that its message is enough. Jobs throw a `JobError`, which is
 * recognized by name, because loading the jobs for its class takes a second that most commands do not need.
 */
export const isUserError = (error: unknown): error is Error =>
  error instanceof UserError || (error instanceof Error && error.name === "JobError");

/** The text for an error: only the message if the user can fix it, otherwise with the stack. */
export function messageOf(error: unknown): string {
  if (isUserError(error)) return error.message.replace(WAY, "");
  return (
    fileSentence(error) ??
    `the program failed for a reason other than its settings:\n${error instanceof Error ? error.stack : String(error)}`
  );
}
