import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const env = command({
  name: "env",
  group: "stack",
  summary: "Keeps a stack's outputs as variables in .env.local.",
  description:
    "The file has mode 600, is ignored by git, and names its stack in PULUMI_STACK. Every change shows which variables change, without values, and keeps the file before it; the five latest stay.",
  forms: ["list|status|diff|pull [<stack>] [flags]", "switch <stack> [flags]"],
  flags: {
    ...STACK_FLAG,
    ...CWD_FLAG,
    "--json": "print the result of list, status or diff as JSON",
    "--quiet": "print errors only",
  },
  examples: [
    ["env list", "the stacks, and which one .env.local is of"],
    ["env pull dev", "the outputs of dev, into .env.local"],
    ["env diff", "whether the outputs have changed since"],
    ["env switch prod", "the outputs of another stack"],
  ],
  details:
    "A shell reads the file by: set -a; . ./.env.local; set +a\nA file that trellis did not write, or that was edited since, is never overwritten: move it away first.",
  words: "any",
  offers: ["list", "status", "diff", "pull", "switch"],
  exitCodes: { 3: "diff: the outputs differ from the file" },
  run: async (given) => (await import("../environment")).run(given),
});
