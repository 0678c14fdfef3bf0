/** Runs work side by side, at most `width` at a time. */
export class Pool {
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(readonly width: number) {}

  /** Starts the work once there is room for it. Throws the first failure of earlier work. */
  async run(work: () => Promise<void>): Promise<void> {
    if (this.#underWay.size >= this.width) await Promise.race(this.#underWay);
    this.#rethrow();
    const running = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }

  /** Waits for all work, and throws the first failure. */
  async drain(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
