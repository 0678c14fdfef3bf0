import { describe, expect, it } from "vitest";
import { parseFlags } from "../../../../cli/plan/flags";
import { HelpRequested, UsageError } from "../../../../cli/shared/command-line";

describe("the command line of a plan", () => {
  it("names a stack, and everything else has a default", () => {
    expect(parseFlags(["dev"])).toEqual({ stack: "dev", cwd: process.cwd(), json: false, quiet: false });
    expect(parseFlags(["dev", "--out", "o", "--json", "--config-file=f", "--cwd", "c"])).toEqual({
      stack: "dev",
      out: "o",
      configFile: "f",
      cwd: "c",
      json: true,
      quiet: false,
    });
  });

  it("asks for help with or without a stack", () => {
    expect(() => parseFlags(["--help"])).toThrow(HelpRequested);
    expect(() => parseFlags(["dev", "-h"])).toThrow(HelpRequested);
  });

  it.each([
    [[], /no stack given/],
    [["dev", "prod"], /only one stack at a time; given also: prod/],
    [["../etc"], /is not a valid stack name/],
    [[".."], /is not a valid stack name/],
    [["dev", "--colour"], /unknown option '--colour'/],
    [["dev", "--out"], /argument missing/],
  ])("is refused when it is %j", (args, message) => {
    expect(() => parseFlags(args)).toThrow(UsageError);
    expect(() => parseFlags(args)).toThrow(message);
  });
});
