import { reason } from "../../shared";
import { CHECKS, type Check, type Finding, notChecked } from "../checks";
import type { Platform } from "../platform";
import { type Readers, Unanswered } from "../readers";

/** A check and what it found. */
export interface Result extends Finding {
  readonly check: Check;
  readonly seconds: number;
}

interface RunArgs {
  readonly readers: Readers;
  readonly platform: Platform;
  /** Seconds after which everything that is still under way counts as not checked. */
  readonly deadlineSeconds: number;
  /** @default all */
  readonly checks?: readonly Check[];
  /** Called as each check ends, with how many have ended. */
  readonly onResult?: (result: Result, ended: number, all: number) => void;
}

/** Runs all checks side by side; the results are in the order of the checks. */
export async function runChecks(args: RunArgs): Promise<Result[]> {
  const { checks = CHECKS, deadlineSeconds, onResult } = args;
  const deadline = performance.now() + deadlineSeconds * 1000;
  let ended = 0;
  return Promise.all(
    checks.map(async (check) => {
      const started = performance.now();
      const finding = await within(deadline, check, args);
      const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
      const result = { check, ...finding, seconds };
      ended++;
      onResult?.(result, ended, checks.length);
      return result;
    }),
  );
}

async function within(deadline: number, check: Check, { readers, platform }: RunArgs): Promise<Finding> {
  const own = check.timeoutSeconds * 1000;
  const limit = Math.max(0, Math.min(own, deadline - performance.now()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve(notChecked(`no answer within ${Math.round(limit / 1000)} s`)), limit);
  });
  try {
    return await Promise.race([attempt(check, readers, platform), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function attempt(check: Check, readers: Readers, platform: Platform): Promise<Finding> {
  try {
    return await check.run(readers, platform);
  } catch (error) {
    // Any other error is a fault of the check itself: what it asks is unknown all the same.
    return notChecked(
      error instanceof Unanswered ? error.message : `the check itself failed: ${reason(error)}`,
    );
  }
}
