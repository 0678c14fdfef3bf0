/** An error that the user can mend: shown as its message alone, without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";

  constructor(
    message: string,
    /** What the process exits with: 2 for what was asked wrongly, 1 for what went wrong. */
    readonly exitCode: 1 | 2 = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Several problems as one message: the first line says what is wrong, each further line is one problem. */
export function listProblems(headline: string, problems: readonly string[]): string {
  return [headline, ...problems.map((problem) => `  - ${problem}`)].join("\n");
}
