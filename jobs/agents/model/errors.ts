import { PlainError } from "../safe-reason";

/** The API did not answer usably; another time it may. */
export class ModelUnavailable extends PlainError {
  override readonly name = "ModelUnavailable";

  constructor(
    /** A status, `timeout`, `connection`, `nonsense` or `circuit-open`. */
    readonly code: string,
    /** How long the server asked to wait. */
    readonly waitMs?: number,
    /** The server is there and refused before it worked: nothing to bill, and no reason to open the circuit. */
    readonly asked = false,
  ) {
    super(`the model's API did not answer (${code})`);
  }

  get billed(): boolean {
    return !this.asked;
  }
}

/** The API refuses this request, and would again. */
export class CallRefused extends PlainError {
  override readonly name = "CallRefused";
  readonly billed = false;

  constructor(readonly code: string) {
    super(`the model's API refused the request (${code})`);
  }
}

/** The workspace's budget of this day has no room for the call. */
export class BudgetSpent extends PlainError {
  override readonly name = "BudgetSpent";

  constructor(
    /** The call alone needs more than a whole day's budget. */
    readonly never: boolean,
  ) {
    super(
      never
        ? "one call needs more than the daily budget"
        : "the daily budget of the workspace has no room for a call",
    );
  }
}

/** The tokens of this minute are used up. */
export class RateSpent extends PlainError {
  override readonly name = "RateSpent";

  constructor(readonly waitMs: number) {
    super("the tokens of this minute are used up");
  }
}

/** The model gave no answer that fits, although it was asked again. */
export class BadAnswer extends PlainError {
  override readonly name = "BadAnswer";

  constructor(readonly code: "does-not-fit" | "too-many-turns") {
    super(
      code === "does-not-fit"
        ? "no answer fitted the schema"
        : "the model used all its turns without an answer",
    );
  }
}

/** The process stops or the delivery's time is over. */
export class TaskStopped extends PlainError {
  override readonly name = "TaskStopped";

  constructor() {
    super("the task was stopped before it was complete");
  }
}
