import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OPERATIONS } from "../../../../jobs/datasurface/simulate/operations";
import { drawPerson } from "../../../../jobs/datasurface/simulate/people";
import { Random } from "../../../../jobs/datasurface/simulate/random";

describe("the simulator's draws", () => {
  it("choose operations as often as their weights say", () => {
    expect(OPERATIONS.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
    const random = new Random(1);
    const drawn = Array.from({ length: 20_000 }, () => random.weighted(OPERATIONS));
    for (const { weight, value } of OPERATIONS) {
      const share = (100 * drawn.filter((each) => each === value).length) / drawn.length;
      expect(Math.abs(share - weight)).toBeLessThan(1.5);
    }
  });

  it("stay within their limits, whatever the seed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), fc.integer(), fc.nat(1000), (seed, min, width) => {
        const drawn = new Random(seed).between(min, min + width);
        expect(drawn).toBeGreaterThanOrEqual(min);
        expect(drawn).toBeLessThanOrEqual(min + width);
      }),
    );
  });

  it("make people of 18 to 80 years with a phone, an address for mail, and names that fit their columns", () => {
    for (let seed = 0; seed < 200; seed++) {
      const person = drawPerson(new Random(seed), 2025);
      const age = 2025 - Number(person.born.slice(0, 4));
      expect(age).toBeGreaterThanOrEqual(18);
      expect(age).toBeLessThanOrEqual(80);
      expect(person.born).toMatch(/^\d{4}-(0[1-9]|1[0-2])-([01]\d|2[0-8])$/);
      expect(person.phone).toMatch(/^\d{3}-\d{3}-\d{4}$/);
      expect(person.email).toMatch(/^[a-z0-9.]+@[a-z.]+$/);
    }
  });
});
