import type { DomainEntry } from "./command-line";
import { isWorker, report, supervise } from "./supervisor";

/**
 * The whole of `jobs <domain> <verb>`: a supervisor in one process, the work in another. What only the work needs is
 * loaded there alone, so that the supervisor stays small.
 */
export async function main(words: readonly string[], entries: readonly DomainEntry[]): Promise<void> {
  const helpOnly = words.length === 0 || words.some((word) => word === "--help" || word === "-h");
  if (!helpOnly && !isWorker()) {
    process.exit(await supervise(entries.find(({ name }) => name === words[0])?.resultMarker));
  }
  const { showHelp, work } = await import("./work");
  if (helpOnly) process.exitCode = await showHelp(words, entries);
  else {
    process.once("uncaughtException", (error) => {
      process.stderr.write(`${error.stack}\n`);
      report({ code: -1, error: error.message, exitCode: 1, marker: true });
    });
    report(await work(words, entries));
  }
}
