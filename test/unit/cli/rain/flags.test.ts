import { describe, expect, it } from "vitest";
import { parseFlags } from "../../../../cli/rain/flags";

describe("the command line of an import", () => {
  it("keeps its own flags apart from the words of the job, wherever they are", () => {
    expect(parseFlags(["import-year", "2023", "--stack", "prod", "--dry-run"])).toEqual({
      words: ["import-year", "2023"],
      stack: "prod",
      dryRun: true,
    });
    const words = ["import-fopr", "--gauge", "59700", "--data"];
    expect(parseFlags(["--stack", "prod", ...words])).toEqual({ words, stack: "prod" });
    expect(parseFlags([...words, "--stack=prod"])).toEqual({ words, stack: "prod" });
  });

  it.each([
    [["import-year", "2023", "--stack"], /--stack <name>' argument missing/],
    [["import-year", "2023", "--stack", "--dry-run"], /--stack needs a value, given the flag --dry-run/],
    [["--stack", "prod"], /no import given/],
  ])("is refused when it is %j", (argv, message) => {
    expect(() => parseFlags(argv)).toThrow(message);
  });
});
