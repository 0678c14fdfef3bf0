import { describe, expect, it } from "vitest";
import { HelpRequested, readCommandLine, UsageError } from "../../../../cli/shared/command-line";

const LINE = {
  command: "npm run example --",
  forms: ["<stack> [flags]", "--list"],
  summary: "Does nothing.",
  flags: { "--config-file <file>": "reads this", "--list": "lists all" },
  details: "Exit code 1 if nothing was done.",
} as const;

const help = (argv: readonly string[]): string => {
  try {
    readCommandLine(LINE, argv);
  } catch (error) {
    if (error instanceof HelpRequested) return error.text;
    throw error;
  }
  throw new Error("no help was printed");
};

describe("a command line", () => {
  it("has flags by their names, with and without values", () => {
    expect(readCommandLine(LINE, ["--list", "--config-file", "f"])).toEqual({
      words: [],
      flags: { list: true, configFile: "f" },
    });
    expect(readCommandLine(LINE, ["--config-file=--odd"]).flags).toEqual({ configFile: "--odd" });
    expect(readCommandLine({ ...LINE, words: "any" }, ["a", "b"]).words).toEqual(["a", "b"]);
  });

  it.each(["--help", "-h"])("explains itself by %s, whatever else is given", (flag) => {
    expect(help(["--list", flag])).toBe(`Usage: npm run example -- <stack> [flags]
       npm run example -- --list

Does nothing.

Options:
  --config-file <file>  reads this
  --list                lists all
  -h, --help            print this

Exit code 1 if nothing was done.
`);
  });

  it.each([
    [["--lst"], "unknown option '--lst'\n(Did you mean --list?)"],
    [["--config-file"], "option '--config-file <file>' argument missing"],
    [["--config-file", "--list"], "--config-file needs a value, given the flag --list"],
    [["dev"], "npm run example takes flags only; given also: dev"],
  ])("is refused when it is %j", (argv, message) => {
    expect(() => readCommandLine(LINE, argv)).toThrow(UsageError);
    expect(() => readCommandLine(LINE, argv)).toThrow(message);
  });
});
