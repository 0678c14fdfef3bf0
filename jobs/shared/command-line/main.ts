import type { DomainEntry } from "./command-line";
import { COMPLETION } from "./completion-word";
import { isWorker, report, supervise } from "./supervisor";

/**
 * The whole of `jobs <domain> <verb>`: a supervisor in one process, the work in another. What only the work needs is
 * loaded there alone, so that the supervisor stays small.
 */
export async function main(words: readonly string[], entries: readonly DomainEntry[]): Promise<void> {
  const asksForWords =
    words.length === 0 || words[0] === COMPLETION || words.some((word) => word === "--help" || word === "-h");
  if (!asksForWords && !isWorker()) {
    process.exit(await supervise(entries.find(({ name }) => name === words[0])?.resultMarker));
  }
  const { explain, work } = await import("./work");
  if (asksForWords) process.exitCode = await explain(words, entries);
  else {
    process.once("uncaughtException", (error) => {
      process.stderr.write(`${error.stack}\n`);
      report({ code: -1, error: error.message, exitCode: 1, marker: true });
    });
    report(await work(words, entries));
  }
}
