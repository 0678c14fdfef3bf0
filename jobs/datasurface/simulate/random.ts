import { randomInt } from "node:crypto";

/** Random numbers for the simulator: with a seed, the same in every run. */
export class Random {
  private state: number;

  constructor(seed: number | undefined) {
    this.state = (seed ?? randomInt(2 ** 32)) >>> 0;
  }

  /** At least 0 and below 1. The algorithm is mulberry32: small, and uniform enough to choose people and streets. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => this.between(0, 9)).join("");
  }

  /** One of the choices, with a probability in proportion to its weight. */
  weighted<T>(
    choices: readonly [
      { readonly weight: number; readonly value: T },
      ...{ readonly weight: number; readonly value: T }[],
    ],
  ): T {
    let left = this.next() * choices.reduce((sum, { weight }) => sum + weight, 0);
    for (const { weight, value } of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return choices[0].value;
  }
}
