import { expect, it } from "vitest";
import { readCommandLine } from "../../../../cli/command-line";
import { rain } from "../../../../cli/commands/rain";
import { rainFlags } from "../../../../cli/rain/flags";

const givenTo = (...argv: string[]) => {
  const read = readCommandLine([rain], "0", ["rain", ...argv]);
  if (!("given" in read)) throw new Error(read.text);
  return rainFlags(read.given);
};

it("the command line of an import keeps its own flags apart from the words of the job, wherever they are", () => {
  expect(givenTo("import-year", "2023", "--stack", "prod", "--dry-run")).toEqual({
    words: ["import-year", "2023"],
    stack: "prod",
    dryRun: true,
  });
  const words = ["import-fopr", "--gauge", "59700", "--data"];
  expect(givenTo("--stack", "prod", ...words)).toEqual({ words, stack: "prod" });
  expect(givenTo(...words, "--stack=prod")).toEqual({ words, stack: "prod" });
  expect(() => givenTo("--stack", "prod")).toThrow("no import given");
});
