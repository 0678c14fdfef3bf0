import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scramVerifier, verifies } from "../../../../jobs/postgres/bootstrap/scram";
import { specification } from "../../../../jobs/postgres/bootstrap/specification";

const problemsOf = (content: unknown) =>
  specification.safeParse(content).error?.issues.map(({ message }) => message) ?? [];

const withDatabase = (name: string) => ({ databases: [{ name }], applications: [] });

describe("a specification of databases", () => {
  it.each([
    ["", "the database needs a name"],
    ["a".repeat(56), "its name has 56 bytes, allowed: at most 55"],
    ["ü".repeat(28), "its name has 56 bytes"],
    ["tab\tname", "control character"],
    ["nul\u0000", "control character"],
    ["postgres", "PostgreSQL keeps this name for itself"],
    ["Template1", "keeps this name"],
    ["pg_mine", "keeps this name"],
    ["e\u0301", "normal form NFC"],
  ])("refuses the name %j, and says why", (name, why) => {
    expect(problemsOf(withDatabase(name)).join()).toContain(why);
  });

  it("takes every other name", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 50 })
      .map((text) => text.normalize("NFC"))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what is refused by the test before
      .filter((text) => Buffer.byteLength(text) <= 55 && text !== "" && !/[\u0000-\u001f\u007f]/.test(text))
      .filter((text) => !/^(pg_|postgres$|template|public$|none$|current_|session_|user$)/i.test(text));
    fc.assert(
      fc.property(name, (given) => {
        expect(problemsOf(withDatabase(given))).toEqual([]);
      }),
    );
  });

  it("refuses names that would become one role, and databases that are not there", () => {
    const logins = [{ epoch: 1, passwordFile: "app-1" }];
    expect(
      problemsOf({
        databases: [{ name: "crm" }, { name: "crm" }],
        applications: [
          { name: "api", database: "crm", access: "read", logins },
          { name: "api", database: "absent", access: "read", logins },
        ],
      }),
    ).toEqual(
      expect.arrayContaining([
        'the database "crm" is there twice',
        'the role "api_1" would be made twice',
        'the application "api" wants the database "absent", which is not there',
      ]),
    );
  });
});

describe("a SCRAM verifier", () => {
  it("is what RFC 7677 gives as its example", () => {
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    expect(scramVerifier("pencil", salt)).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
  });

  it("is recognized by its password alone, whatever the salt", () => {
    const password = fc.string({ minLength: 12, maxLength: 40 });
    fc.assert(
      fc.property(password, password, (mine, other) => {
        const verifier = scramVerifier(mine);
        expect(verifies(verifier, mine)).toBe(true);
        expect(verifies(verifier, `${other}!`)).toBe(mine === `${other}!`);
      }),
      { numRuns: 30 },
    );
  });
});
