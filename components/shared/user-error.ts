// From the file itself: local tools throw this error too, and the whole SDK would take them a second to load.
import { RunError } from "@pulumi/pulumi/errors.js";

/** An error that the user can fix: shown as its message alone, without a stack trace. */
export class UserError extends RunError {
  override readonly name = "UserError";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // Pulumi's language host inspects every error before it sees that this one needs no stack, and Node 20 can take minutes
    // to colour a stack with frames of @pulumi/pulumi.
    delete this.stack;
  }
}
