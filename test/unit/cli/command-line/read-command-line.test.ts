import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../../../cli/command-line";
import { COMMANDS } from "../../../../cli/commands";
import { command, GROUPS } from "../../../../cli/shared/command";
import { UsageError } from "../../../../cli/shared/usage-error";

const example = command({
  name: "example",
  group: "local",
  summary: "Does nothing.",
  description: "Nowhere.",
  forms: ["<stack> [flags]", "--list"],
  flags: { "--config-file <file>": "reads this", "--list": "lists all" },
  examples: [["example --list", "all of it"]],
  details: "More.",
  exitCodes: { 1: "nothing was done" },
  run: () => 0,
});
const anyWords = command({ ...example, name: "words", words: "any" });
const forwarded = command({ ...example, name: "forwarded", words: "forwarded" });
const ALL = [example, anyWords, forwarded];

const given = (...argv: string[]) => {
  const read = readCommandLine(ALL, "1.2.3", argv);
  if (!("given" in read)) throw new Error(`no command was chosen: ${read.text}`);
  return read.given;
};
const text = (...argv: string[]) => {
  const read = readCommandLine(ALL, "1.2.3", argv);
  if (!("text" in read)) throw new Error("no text was printed");
  return read.text;
};

describe("a command line", () => {
  it("has flags by their names, with and without values", () => {
    expect(given("example", "--list", "--config-file", "f")).toEqual({
      words: [],
      flags: { list: true, configFile: "f" },
    });
    expect(given("example", "--config-file=--odd").flags).toEqual({ configFile: "--odd" });
    expect(given("words", "a", "b").words).toEqual(["a", "b"]);
    expect(given("forwarded", "a", "--data", "--list")).toEqual({
      words: ["a", "--data"],
      flags: { list: true },
    });
  });

  it.each([[["help", "example"]], [["example", "--list", "--help"]], [["example", "-h", "--unknown"]]])(
    "explains the command by %j",
    (argv) => {
      expect(text(...argv)).toBe(`Usage: npx trellis example <stack> [flags]
       npx trellis example --list

Does nothing. Nowhere.

Options:
  --config-file <file>  reads this
  --list                lists all
  -V, --version         print the version
  -h, --help            print this

Examples:
  npx trellis example --list  all of it

More.

Exit codes:
  0  done
  1  nothing was done
  2  wrong command line; nothing was done
`);
    },
  );

  it.each([[[]], [["--help"]], [["help"]]])("lists the commands by %j", (argv) => {
    expect(text(...argv)).toMatch(/On this machine:\n {2}example +Does nothing\.\n/);
  });

  it.each([[["--version"]], [["example", "--version"]], [["example", "-V"]]])(
    "tells the version by %j",
    (argv) => {
      expect(text(...argv)).toBe("1.2.3\n");
    },
  );

  it.each([
    [["exmaple"], "exmaple is not a command of trellis; did you mean example?"],
    [["help", "exmaple"], "exmaple is not a command of trellis; did you mean example?"],
    [["moon"], /^moon is not a command of trellis$/],
    [["example", "--lst"], "--lst is not a flag of trellis example; did you mean --list?"],
    [["--lst"], /^--lst is not a flag of trellis$/],
    [["example", "--config-file"], "--config-file needs a value: --config-file <file>"],
    [["example", "--config-file", "--list"], "--config-file needs a value, given the flag --list"],
    [["example", "dev"], "trellis example takes flags only; given also: dev"],
  ])("is refused when it is %j", (argv, message) => {
    expect(() => given(...argv)).toThrow(UsageError);
    expect(() => given(...argv)).toThrow(message);
  });
});

describe.each(COMMANDS.map((each) => [each.name, each] as const))("trellis %s", (name, described) => {
  it("fits in the list, and belongs to a group", () => {
    expect(described.summary.length, described.summary).toBeLessThanOrEqual(56);
    expect(Object.keys(GROUPS)).toContain(described.group);
  });

  it("has examples that its own command line accepts", () => {
    expect(described.examples.length).toBeGreaterThan(0);
    for (const [line] of described.examples) {
      const read = readCommandLine(COMMANDS, "0", line.replace(/ [<>].*$/, "").split(" "));
      expect(read, line).toMatchObject({ command: { name } });
    }
  });

  it.skipIf(described.words === "forwarded")(
    "is refused a flag that it does not have, and names its help",
    () => {
      const read = () => readCommandLine(COMMANDS, "0", [name, "--no-such-flag"]);
      expect(read).toThrow(expect.objectContaining({ command: name }));
      expect(read).toThrow("--no-such-flag");
    },
  );
});

it("--stack means the same in every command", () => {
  const said = COMMANDS.flatMap(({ flags }) => flags["--stack <name>"] ?? []);
  expect(said.length).toBeGreaterThan(2);
  expect(new Set(said).size).toBe(1);
});
