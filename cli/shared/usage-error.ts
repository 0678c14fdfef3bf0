import { UserError } from "../../components/shared/user-error";

/** A wrong command line: the command exits with 2. */
export class UsageError extends UserError {}
