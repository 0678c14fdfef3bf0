/** An error that the user can fix: shown as its message only, without a stack trace. */
export class JobError extends Error {
  override readonly name = "JobError";

  constructor(
    message: string,
    /** The exit code of the process: 2 for wrong input, 1 for a failure; a verb may define others in its help. */
    readonly exitCode: 1 | 2 | 3 = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Several problems as one message: the first line is the headline, each further line is one problem. */
export function listProblems(headline: string, problems: readonly string[]): string {
  return [headline, ...problems.map((problem) => `  - ${problem}`)].join("\n");
}
