import { COMPLETION } from "./completion-word";
import { type FinalWord, isWorker, report, supervise } from "./supervisor";

/** The part of a system that the supervisor needs before any of its code is loaded. */
export interface SupervisedEntry {
  readonly name: string;
  /** The prefix of the result code on the last line of stdout, where a caller parses that line. */
  readonly resultMarker?: string;
}

interface Program<Entry extends SupervisedEntry> {
  explain(words: readonly string[], entries: readonly Entry[]): Promise<number>;
  work(words: readonly string[], entries: readonly Entry[]): Promise<FinalWord>;
}

/**
 * The whole of `jobs <domain> <verb>`: a supervisor in one process, and the work in another. `load` imports what only
 * the work needs, so that the supervisor stays small.
 */
export async function main<Entry extends SupervisedEntry>(
  words: readonly string[],
  entries: readonly Entry[],
  load: () => Promise<Program<Entry>>,
): Promise<void> {
  const asksForWords =
    words.length === 0 || words[0] === COMPLETION || words.some((word) => word === "--help" || word === "-h");
  if (!asksForWords && !isWorker()) {
    process.exit(await supervise(entries.find(({ name }) => name === words[0])?.resultMarker));
  }
  const { explain, work } = await load();
  if (asksForWords) process.exitCode = await explain(words, entries);
  else {
    process.once("uncaughtException", (error) => {
      process.stderr.write(`${error.stack}\n`);
      report({ code: -1, error: error.message, exitCode: 1, marker: true });
    });
    report(await work(words, entries));
  }
}
