import { UserError } from "../../components/shared/user-error";

/** The SDK puts the way of an error before its message, which tells the user nothing. */
const WAY = /^(error serializing property "[^"]*": )+/;

/** What a command says of an error: what the user can mend by its message alone. */
export function messageOf(error: unknown): string {
  if (error instanceof UserError) return error.message.replace(WAY, "");
  return `the program failed for a reason other than its settings:\n${error instanceof Error ? error.stack : String(error)}`;
}
