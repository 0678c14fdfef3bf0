import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { base94, fromBase94 } from "../../../../components/shared/base94";

it("gives back data of each length, also zeros at the beginning and the largest bytes", () => {
  for (let length = 0; length <= 40; length++) {
    for (const data of [randomBytes(length), Buffer.alloc(length), Buffer.alloc(length, 255)]) {
      const text = base94(data);
      expect(text).toMatch(/^[!-~]*$/);
      expect(text).toHaveLength(Math.ceil((length * 11) / 9));
      expect(fromBase94(text)).toEqual(data);
    }
  }
});
