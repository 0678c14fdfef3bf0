/** How often the clock is looked at. */
const TICK_MS = 20;

/**
 * Measures how long this machine stood still: the lateness of a timer. A busy machine wakes programs late, and what they
 * promise takes that much longer.
 */
export class Stalls {
  readonly #late: { readonly at: number; readonly ms: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      const ms = now - this.#last - TICK_MS;
      if (ms > TICK_MS) this.#late.push({ at: now, ms });
      this.#last = now;
    }, TICK_MS);
  }

  /** Seconds of stalls between two moments (`performance.now()`). */
  between(from: number, to: number): number {
    return (
      this.#late
        .map(({ at, ms }) => Math.min(at, to) - Math.max(at - ms, from))
        .reduce((sum, ms) => sum + Math.max(ms, 0), 0) / 1000
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
