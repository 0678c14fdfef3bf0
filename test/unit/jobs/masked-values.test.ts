import { describe, expect, it } from "vitest";
import { maskedMessage, maskedPlace, maskedValue } from "../../../jobs/shared";

describe("a value that an error must not show", () => {
  it.each([
    ["555-1234-789", "12 characters, digits and dashes"],
    ["ada@example.com", "15 characters, letters, dots and at signs"],
    ["Ada Lovelace", "12 characters, letters and spaces"],
    ["x", "1 character, letters"],
    ["€", "1 character, other characters"],
    ["", "an empty text"],
  ])("%j is told as: %s", (value, told) => {
    expect(maskedValue(value)).toBe(told);
  });

  it.each([
    [
      'invalid input syntax for type integer: "555-1234"',
      "invalid input syntax for type integer: (8 characters, digits and dashes)",
    ],
    [
      'value "99999999999" is out of range for type integer',
      "value (11 characters, digits) is out of range for type integer",
    ],
    ["numeric field overflow", "numeric field overflow"],
    [
      'invalid input syntax for type date: "Ada\n""x"""',
      "invalid input syntax for type date: (9 characters, letters, spaces and other characters)",
    ],
  ])("is masked in PostgreSQL's message %j", (message, masked) => {
    expect(maskedMessage(message)).toBe(masked);
  });

  it("is masked where COPY says its place, and the place stays", () => {
    expect(maskedPlace('COPY customers_1, line 3, column phone: "555-1234"')).toBe(
      "COPY customers_1, line 3, column phone: 8 characters, digits and dashes",
    );
    expect(maskedPlace('COPY customers_1, line 3: "C1\tAda"')).toBe(
      "COPY customers_1, line 3: 6 characters, letters, digits and spaces",
    );
    expect(maskedPlace("COPY customers_1, line 3, column phone")).toBe(
      "COPY customers_1, line 3, column phone",
    );
  });
});
