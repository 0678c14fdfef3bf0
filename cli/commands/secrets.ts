import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const secrets = command({
  name: "secrets",
  group: "stack",
  summary: "Lists the secrets of a stack and how each is rotated.",
  description:
    "Finds them in what the program declares, without the network, and shows no value. Their ages come from the stack's state.",
  forms: ["list [flags]", "show <secret> [flags]"],
  flags: {
    ...STACK_FLAG,
    ...CWD_FLAG,
    "--state <file>": "an exported state instead of `pulumi stack export`",
    "--json": "print everything about them as JSON",
  },
  examples: [
    ["secrets list --stack prod", "every secret, how old it is, and what rotates it"],
    ["secrets show certificates --stack prod", "who has it, and what restarts when it changes"],
  ],
  details:
    "A secret is due when its certificate comes into the time of its renewal, or a year after it was made where a setting or a\ncommand rotates it.",
  words: "any",
  offers: ["list", "show"],
  run: async (given) => (await import("../secrets")).run(given),
});
