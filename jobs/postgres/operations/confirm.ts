import { createInterface } from "node:readline/promises";
import { JobError } from "../../shared";

/** Asks on a terminal before an action that cannot be undone; without a terminal, only --yes confirms it. */
export async function confirm(question: string, yes: boolean, signal: AbortSignal): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new JobError(`${question} Nobody can be asked here: say --yes.`, 2);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new JobError("not confirmed: nothing was done");
  } finally {
    terminal.close();
  }
}
