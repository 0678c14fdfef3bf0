import { COMPLETION, type FinalWord, type ResultCode } from "../../supervisor";
import { inSpan, startTracing } from "../tracing";
import { type Chosen, type DomainEntry, HelpShown, parseCommandLine, prepare } from "./command-line";
import { completion } from "./completion";
import { JobError } from "./job-error";
import { createLogger } from "./logger";
import { createProgress } from "./progress";
import { reason } from "./reason";
import { StoppedError, stopSignal } from "./stop";

/** Prints the requested help or completion; returns the exit code. */
export async function explain(words: readonly string[], entries: readonly DomainEntry[]): Promise<number> {
  try {
    const [word, ...rest] = words;
    const asked = rest.some((each) => each === "--help" || each === "-h") ? [] : rest;
    if (word === COMPLETION) process.stdout.write(await completion(asked, entries));
    else await parseCommandLine(words.length === 0 ? ["--help"] : words, entries, process.env);
    return 0;
  } catch (error) {
    if (error instanceof HelpShown) return 0;
    if (!(error instanceof JobError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

/** Runs the verb on the command line; the result also covers every failure. */
export async function work(words: readonly string[], entries: readonly DomainEntry[]): Promise<FinalWord> {
  const signal = stopSignal();
  const log = createLogger({ domain: words[0] ?? "jobs", verb: words[1] ?? "" });
  let chosen: Chosen | undefined;
  let traces: Awaited<ReturnType<typeof startTracing>>;
  try {
    chosen = await parseCommandLine(words, entries, process.env);
    const run = prepare(chosen);
    const { domain, verb } = chosen;
    traces = await startTracing({ domain: domain.name, warn: (message) => log.warn(message) });
    const outcome = await inSpan(`jobs ${domain.name} ${verb.name}`, traced(chosen), () =>
      run({
        log,
        signal,
        progress: createProgress(log),
        print: (text) => process.stdout.write(text.endsWith("\n") ? text : `${text}\n`),
      }),
    );
    return { code: outcome === "again" ? 1 : 0, exitCode: 0, marker: !chosen.verb.answersOnStdout };
  } catch (failure) {
    // A stop cuts the session and makes a statement fail: then the stop is the reason, not the statement's error.
    const error = signal.aborted ? signal.reason : failure;
    const message = reason(error);
    const mendable = error instanceof JobError || error instanceof StoppedError;
    log.error(mendable ? {} : { stack: error instanceof Error ? error.stack : undefined }, message);
    const code: ResultCode = -1;
    return { code, error: message, exitCode: exitCode(error), marker: !chosen?.verb.answersOnStdout };
  } finally {
    await traces?.close();
  }
}

function exitCode(error: unknown): number {
  if (error instanceof JobError) return error.exitCode;
  if (error instanceof StoppedError) return error.signal === "SIGTERM" ? 143 : 130;
  return 1;
}

/** What the span of a run shows of its command line: names of a model, no paths and no addresses. */
const traced = ({ domain, verb, inputs: { flags } }: Chosen) => ({
  "trellis.domain": domain.name,
  "trellis.verb": verb.name,
  ...(typeof flags.platform === "string" && { "trellis.platform": flags.platform }),
  ...(typeof flags.store === "string" && { "trellis.store": flags.store }),
  ...(typeof flags.dataset === "string" && { "trellis.dataset": flags.dataset }),
});
