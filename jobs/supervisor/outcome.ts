import { accessSync, constants, writeFileSync } from "node:fs";

/** How a verb ends when it does not fail: done, or to be run again at once because there is more to do. */
export type Outcome = "done" | "again";

/** The same as a number for Airflow: 0 wait for the schedule, 1 run again at once, -1 a person is needed. */
export type ResultCode = 0 | 1 | -1;

export interface Result {
  readonly code: ResultCode;
  readonly error?: string;
}

const TERMINATION_LOG = "/dev/termination-log";

/** Kubernetes keeps 4096 bytes of a termination message. */
const LONGEST_MESSAGE = 4000;

/**
 * Writes the result where Kubernetes finds it after the container has exited: one line of JSON, `{"code":-1,"error":
 * "..."}`, in the file that TERMINATION_LOG names, or in the container's default file where it exists.
 */
export function writeTerminationMessage(result: Result, environment = process.env): void {
  const path = environment.TERMINATION_LOG || (isWritable(TERMINATION_LOG) ? TERMINATION_LOG : undefined);
  if (!path) return;
  try {
    writeFileSync(path, `${terminationMessage(result)}\n`);
  } catch (error) {
    process.stderr.write(`the termination message cannot be written to ${path}: ${String(error)}\n`);
  }
}

export function terminationMessage({ code, error }: Result): string {
  if (error === undefined) return JSON.stringify({ code });
  let kept = error;
  for (;;) {
    const message = JSON.stringify({ code, error: kept });
    const excess = Buffer.byteLength(message) - LONGEST_MESSAGE;
    if (excess <= 0) return message;
    // A character takes at most six bytes as JSON, so a pass may cut too little, but never too much.
    kept = `${kept.slice(0, Math.max(0, kept.length - Math.ceil(excess / 6) - 1))}…`;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
