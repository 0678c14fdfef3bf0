import { setTimeout as wait } from "node:timers/promises";

/** Waits for an answer that is not undefined or false, and says what it waited for in vain. */
export async function eventually<T>(
  what: string,
  limitMs: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  pauseMs = 50,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: last });
    await wait(pauseMs);
  }
}
