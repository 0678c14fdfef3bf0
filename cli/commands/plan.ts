import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const plan = command({
  name: "plan",
  group: "before",
  summary: "Shows what a stack would create, offline.",
  description:
    "Runs the whole program without a cloud account, a network or the Pulumi CLI, and writes every file and object.",
  forms: ["[<stack>] [flags]"],
  flags: {
    ...STACK_FLAG,
    "--out <dir>": "write there instead of out/<stack>",
    "--config-file <file>": "read the settings from this file instead of Pulumi.<stack>.yaml",
    "--diff <what>": "show what changes from a settings file, another stack or a commit, and write no files",
    ...CWD_FLAG,
    "--json": "print the summary as JSON",
    "--quiet": "print warnings and errors only",
  },
  examples: [
    ["plan prod", "every file and object of prod, into out/prod"],
    ["plan prod --json", "the summary, for a script"],
    ["plan prod --diff main", "what this checkout changes from the branch main, in words"],
  ],
  words: "any",
  offers: "stacks",
  run: async (given) => (await import("../plan")).run(given),
});
