import { reason } from "../../shared";

/** A program did not answer, or refused: what it would have said is unknown. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  constructor(
    /** The program: "Patroni". */
    readonly who: string,
    readonly why: string,
    options?: ErrorOptions,
  ) {
    super(`${who} did not answer: ${why}`, options);
  }
}

/** Marks every failure of a request as an unanswered question to `who`. */
export async function asking<T>(who: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Unanswered) throw error;
    throw new Unanswered(who, reason(error), { cause: error });
  }
}

/** Checks that ask for the same share one request and its answer. */
export class Shared {
  readonly #answers = new Map<string, Promise<unknown>>();

  once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    // Safe: a key belongs to one question, whose answers have one type.
    if (known) return known as Promise<T>;
    const answer = ask();
    answer.catch(() => undefined); // each check handles the failure by itself
    this.#answers.set(key, answer);
    return answer;
  }
}
