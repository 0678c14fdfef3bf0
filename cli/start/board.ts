import type { CheckFacts, RunFacts, StepFacts } from "./report";

/** A step on the board, for the code that updates it. */
export interface Entry {
  readonly facts: StepFacts;
  change(change: Partial<StepFacts>): void;
  /** Keeps the last line of its output. */
  hear(message: string): void;
}

/** The current state of a run. Steps write it; the terminal, the page and the exit code read it. */
export class Board {
  readonly #began = Date.now();
  readonly #steps: StepFacts[] = [];
  #rest: Omit<RunFacts, "began" | "seconds" | "steps" | "state"> = {
    stack: "dev",
    resources: { total: 0, byType: [] },
    picture: "",
    warnings: [],
    services: [],
    streams: [],
    checks: [],
  };
  #ended: { readonly seconds: number; readonly stopped: boolean } | undefined;

  /** Called after each change of a step. */
  onStep: (step: StepFacts) => void = () => undefined;

  add(step: StepFacts): Entry {
    const begun = step.state === "running" ? { ...step, at: this.seconds } : step;
    const at = this.#steps.push(begun) - 1;
    const changed = (facts: StepFacts) => {
      this.#steps[at] = facts;
      this.onStep(facts);
    };
    this.onStep(begun);
    const current = () => this.#steps[at] ?? begun;
    return {
      get facts() {
        return current();
      },
      change: (change) => changed({ ...current(), ...change }),
      hear: (message) => {
        this.#steps[at] = { ...current(), heard: { message, at: this.seconds } };
      },
    };
  }

  put(rest: Partial<Omit<RunFacts, "began" | "seconds" | "steps" | "state">>): void {
    this.#rest = { ...this.#rest, ...rest };
  }

  check(check: CheckFacts): void {
    this.put({ checks: [...this.#rest.checks.filter(({ what }) => what !== check.what), check] });
  }

  end(stopped: boolean): void {
    this.#ended = { seconds: this.seconds, stopped };
  }

  get seconds(): number {
    return (Date.now() - this.#began) / 1000;
  }

  get facts(): RunFacts {
    const steps = [...this.#steps];
    const wrong =
      steps.some(({ state }) => state === "failed") || this.#rest.checks.some(({ holds }) => !holds);
    const ended = this.#ended;
    return {
      ...this.#rest,
      began: new Date(this.#began).toISOString(),
      seconds: ended?.seconds ?? this.seconds,
      steps,
      state: ended === undefined ? "running" : ended.stopped ? "stopped" : wrong ? "wrong" : wellOf(steps),
    };
  }
}

/** A run whose backups were all skipped has lost nothing yet, but is not all well. */
function wellOf(steps: readonly StepFacts[]): "right" | "unsaved" {
  const wanted = steps.some(isBackup);
  return wanted && !steps.some((step) => isBackup(step) && step.state === "right") ? "unsaved" : "right";
}

/** Whether the step makes a backup. */
export const isBackup = ({ words: [domain, verb] }: StepFacts): boolean =>
  domain === "backup" && verb === "create";
