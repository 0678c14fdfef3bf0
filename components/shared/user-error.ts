// Imported from the file itself: the CLI throws this error too, and loading the whole SDK takes a second.
import { RunError } from "@pulumi/pulumi/errors.js";

/** An error that the user can fix. It is printed as its message alone, without a stack trace. */
export class UserError extends RunError {
  override readonly name = "UserError";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // Pulumi's language host inspects every error before it checks whether to print the stack. Node 20 can take minutes
    // to colour a stack with frames of @pulumi/pulumi.
    delete this.stack;
  }
}
