import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../../components/shared/user-error";
import { clientRemedy } from "../../shared/postgres-client";
import type { Board, Entry } from "../board";
import { LOCAL, LOGS } from "../folders";
import type { StepFacts } from "../report";
import type { LocalStack } from "../stack";
import type { Workload } from "../workloads";
import {
  argumentsOf,
  atPace,
  environmentOf,
  materialize,
  mountsOf,
  moved,
  movedValues,
  type Part,
  partOf,
  toLoopback,
} from "../workloads";
import { type JobEnd, runJobProcess } from "./job-process";

export interface StepArgs {
  /** The running stack. */
  readonly stack: LocalStack;
  /** Where the step is shown. */
  readonly board: Board;
  /** Stops the step and the whole run. */
  readonly signal: AbortSignal;
  /** Called with each log line of the step. @default ignored */
  readonly onMessage?: (step: StepFacts, message: string) => void;
}

export interface RunStepArgs extends StepArgs {
  /** The round of ingestion. @default none, for a step that runs once */
  readonly round?: number;
  /** Stops only this step, as planned. @default the step runs to its end */
  readonly until?: AbortSignal;
  /** Called with each log line of this step. @default ignored */
  readonly hear?: (message: string) => void;
}

export const partIn = (workload: Workload, { rainProvider, postgres }: LocalStack): Part =>
  partOf(workload, { rainProvider, postgres });

/** The facts of a workload for the board and the report. */
export function stepOf(
  workload: Workload,
  state: StepFacts["state"],
  more: Partial<StepFacts> = {},
): StepFacts {
  const { kind, namespace, name, system, container, schedule } = workload;
  return {
    kind,
    name: `${namespace}/${name}`,
    system,
    words: container.args,
    state,
    ...(schedule !== undefined && { schedule }),
    ...more,
  };
}

/**
 * Runs a workload once as its manifest describes. Returns false if it fails; a step that cannot run here is skipped.
 */
export async function runStep(workload: Workload, args: RunStepArgs): Promise<boolean> {
  const { stack, board, round } = args;
  const part = partIn(workload, stack);
  const pace = "pace" in part ? part.pace : undefined;
  const more = { ...(round !== undefined && { round }), ...(pace && { note: pace.why }) };
  const missing = part.part === "once" ? await missingPrograms(part.programs ?? [], stack) : undefined;
  if (missing !== undefined) {
    board.add(stepOf(workload, "skipped", { ...more, note: missing }));
    return true;
  }
  if (args.signal.aborted) {
    board.add(stepOf(workload, "stopped", more));
    return false;
  }
  const entry = board.add(stepOf(workload, "running", more));
  try {
    const prepared = prepare(workload, stack);
    if (prepared.absent.length > 0) {
      entry.change({
        state: "skipped",
        note: `needs ${prepared.absent.join(", ")}, which does not run here`,
      });
      return true;
    }
    entry.change({ words: prepared.words });
    const end = await run(workload, prepared, args, entry);
    return finish(entry, end, args.signal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    entry.change({ state: "failed", error: error.message });
    return false;
  }
}

interface Prepared {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly absent: readonly string[];
  readonly folder: string;
}

/** Does what the kubelet and the cluster's DNS would do for a pod. */
function prepare(workload: Workload, stack: LocalStack): Prepared {
  const { manifests, secrets, routes } = stack;
  const part = partIn(workload, stack);
  const planned = environmentOf(workload, manifests);
  const filled = Object.fromEntries(
    Object.entries(planned).map(([name, value]) => [name, secrets.fill(value, name)]),
  );
  const paced = atPace(filled, argumentsOf(workload, filled), "pace" in part ? part.pace : undefined);
  const folder = join(LOCAL, "pods", workload.namespace, workload.name);
  rmSync(folder, { recursive: true, force: true });
  const places = materialize(
    mountsOf(workload, manifests),
    { own: folder, claims: join(LOCAL, "volumes") },
    (text, file) => secrets.fill(text, file),
  );
  const { environment, absent } = toLoopback(
    movedValues(paced.environment, places),
    workload.namespace,
    routes,
  );
  const scratch = places.get("/tmp");
  return {
    words: paced.words.map((word) => moved(word, places)),
    environment: {
      ...environment,
      PATH: stack.path,
      ...(scratch !== undefined && { TMPDIR: scratch }),
    },
    absent,
    folder,
  };
}

async function run(
  workload: Workload,
  { words, environment, folder }: Prepared,
  args: RunStepArgs,
  entry: Entry,
): Promise<JobEnd> {
  const log = `${workload.namespace}-${workload.name}.log`;
  mkdirSync(LOGS, { recursive: true });
  entry.change({ log });
  const heapMib = heapOf(workload.container.resources?.limits?.memory);
  const signal = args.until ? AbortSignal.any([args.signal, args.until]) : args.signal;
  try {
    return await runJobProcess({
      bundle: args.stack.bundle,
      words,
      environment,
      ...(heapMib !== undefined && { heapMib }),
      log: join(LOGS, log),
      guardian: args.stack.guardian,
      signal,
      onMessage: (message) => {
        entry.hear(message);
        args.hear?.(message);
        args.onMessage?.(entry.facts, message);
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true }); // it contained secrets
  }
}

function finish(entry: Entry, end: JobEnd, signal: AbortSignal): boolean {
  const { exitCode, seconds, error, tail } = end;
  if (exitCode === 0) {
    entry.change({ state: "right", exitCode, seconds });
    return true;
  }
  const state = signal.aborted ? "stopped" : "failed";
  entry.change({ state, exitCode, seconds, tail, error: error ?? `exit code ${exitCode}` });
  return false;
}

/** The share of a container's memory that the jobs' own supervisor gives to the heap. */
const HEAP_SHARE = 0.6;

function heapOf(limit: string | undefined): number | undefined {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(limit ?? "") ?? [];
  if (number === undefined) return undefined;
  return Math.floor(Number(number) * (unit === "Gi" ? 1024 : 1) * HEAP_SHARE);
}

/** A sentence about the programs that a step needs and this machine lacks. */
async function missingPrograms(
  programs: readonly string[],
  { path, postgres }: LocalStack,
): Promise<string | undefined> {
  const paths = new Map(programs.map((name) => [name, findIn(path, name)]));
  const missing = [...paths].flatMap(([name, found]) => (found === undefined ? [name] : []));
  if (missing.length > 0) {
    const remedies = [
      ...(missing.some((name) => name.startsWith("pg_")) ? [clientRemedy(postgres.version)] : []),
      ...(missing.includes("zstd") ? ["install zstd from your system's packages"] : []),
    ];
    return `needs ${missing.join(", ")} on the PATH: ${remedies.join("; ")}`;
  }
  const dump = paths.get("pg_dump");
  if (dump === undefined) return undefined;
  const { stdout } = await promisify(execFile)(dump, ["--version"]);
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
  return major >= postgres.version
    ? undefined
    : `needs pg_dump ${postgres.version} or newer, but ${dump} has version ${major}: ${clientRemedy(postgres.version)}`;
}

function findIn(path: string, name: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
