import { setMaxListeners } from "node:events";
import type { System, Workload } from "../workloads";
import { isWanted, ROUNDS } from "../workloads";
import { partIn, type RunStepArgs, runStep, type StepArgs, stepOf } from "./steps";

/**
 * Runs everything in order: first the shared platform, then ingestion and rain in parallel, then backups, and last what
 * reads the results of all of them.
 */
export async function runInOrder(
  args: StepArgs,
  { only, serve }: { readonly only?: System; readonly serve: boolean },
): Promise<void> {
  const { stack, board } = args;
  const wanted = stack.workloads.filter(({ system }) => isWanted(system, only));
  const of = (system: System) => wanted.filter((workload) => workload.system === system);
  const early = (workload: Workload) => rankOf(workload, args) < LATE;
  setMaxListeners(64, args.signal);

  if (await inOrder(of("platform").filter(early), args)) {
    const lanes = [ingestion(of("datasurface"), args), inOrder(of("rain"), args)];
    const right = (await Promise.all(lanes)).every(Boolean);
    if (right) await inOrder(of("backup"), args);
    else leaveOut(of("backup"), args);
    await inOrder(
      of("platform").filter((workload) => !early(workload)),
      args,
    );
  } else {
    leaveOut(
      wanted.filter((workload) => workload.system !== "platform"),
      args,
    );
  }
  for (const workload of wanted) {
    const part = partIn(workload, stack);
    if (part.part === "elsewhere") board.add(stepOf(workload, "skipped", { note: part.why }));
    if (part.part === "server" && !serve)
      board.add(stepOf(workload, "skipped", { note: "a server; --serve starts it" }));
  }
}

/** Steps of this rank and above run after the systems. */
const LATE = 20;

function rankOf(workload: Workload, { stack }: Pick<StepArgs, "stack">): number {
  const part = partIn(workload, stack);
  return part.part === "once" ? part.rank : Number.POSITIVE_INFINITY;
}

const onceIn = (workloads: readonly Workload[], args: StepArgs): Workload[] =>
  workloads
    .filter((workload) => partIn(workload, args.stack).part === "once")
    .sort((a, b) => rankOf(a, args) - rankOf(b, args));

/** Runs workloads one after another. The first failure ends it, and the others are shown as skipped. */
async function inOrder(workloads: readonly Workload[], args: StepArgs): Promise<boolean> {
  const steps = onceIn(workloads, args);
  for (const [index, workload] of steps.entries()) {
    if (await runStep(workload, args)) continue;
    leaveOut(steps.slice(index + 1), args);
    return false;
  }
  return true;
}

function leaveOut(workloads: readonly Workload[], args: StepArgs): void {
  const { board, signal } = args;
  for (const workload of onceIn(workloads, args)) {
    const note = signal.aborted ? "the run was stopped" : "an earlier step failed";
    board.add(stepOf(workload, signal.aborted ? "stopped" : "skipped", { note }));
  }
}

/** Ingests every stream in rounds while the source changes, and once more after the source stops changing. */
async function ingestion(workloads: readonly Workload[], args: StepArgs): Promise<boolean> {
  if (!(await inOrder(workloads, args))) return false;
  const parts = (part: string) => workloads.filter((workload) => partIn(workload, args.stack).part === part);
  const streams = parts("batch");
  if (streams.length === 0) return true;

  const rest = new AbortController();
  const simulators = await Promise.all(
    parts("beside").map((each) => startBeside(each, { ...args, until: rest.signal })),
  );
  let right = simulators.every(({ begun }) => begun);
  for (let round = 1; right && round <= ROUNDS; round++) right = await ingestAll(streams, { ...args, round });
  rest.abort();
  for (const { ended } of simulators) right = (await ended) && right;
  return right && ingestAll(streams, { ...args, round: ROUNDS + 1 });
}

export async function ingestAll(streams: readonly Workload[], args: RunStepArgs): Promise<boolean> {
  return (await Promise.all(streams.map((stream) => runStep(stream, args)))).every(Boolean);
}

/** Starts a workload in parallel with others. `begun` resolves at its first log line: its tables exist by then. */
export async function startBeside(
  workload: Workload,
  args: RunStepArgs,
): Promise<{ begun: boolean; ended: Promise<boolean> }> {
  let hear: () => void = () => undefined;
  const heard = new Promise<boolean>((resolve) => {
    hear = () => resolve(true);
  });
  const ended = runStep(workload, { ...args, hear });
  return { begun: await Promise.race([heard, ended]), ended };
}
