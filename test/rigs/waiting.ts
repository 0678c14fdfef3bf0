import { setTimeout as wait } from "node:timers/promises";

/** A limit is there to end a test that waits in vain, not to judge a machine that has every test to run at once. */
const LEAST_LIMIT_MS = process.env.CI ? 180_000 : 0;

/** Waits for an answer that is not undefined or false, and says what it waited for in vain. */
export async function eventually<T>(
  what: string,
  limitMs: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  pauseMs = 50,
): Promise<T> {
  const patienceMs = Math.max(limitMs, LEAST_LIMIT_MS);
  const deadline = Date.now() + patienceMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`, { cause: last });
    await wait(pauseMs);
  }
}
