import { randomInt } from "node:crypto";

/** Draws for the simulator: with a seed, the same ones in every run. */
export class Random {
  private state: number;

  constructor(seed: number | undefined) {
    this.state = (seed ?? randomInt(2 ** 32)) >>> 0;
  }

  /** At least 0 and below 1: mulberry32, small and even enough to choose people and streets by. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both possible. */
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

  /** One of the choices, each as likely as its weight says. */
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
