import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const cost = command({
  name: "cost",
  group: "before",
  summary: "Shows what a stack costs a month, from its plan.",
  description:
    "Adds up the servers, addresses, load balancers and volumes that the program declares, offline, at Hetzner's list prices\nwithout VAT. The output has the day on which the prices were read.",
  forms: ["[<stack>] [flags]"],
  flags: {
    ...STACK_FLAG,
    "--compare <file>": "show the difference to what these settings would cost",
    ...CWD_FLAG,
    "--json": "print the items as JSON",
  },
  examples: [
    ["cost prod", "the bill of prod"],
    ["cost prod --compare larger.yaml", "what other settings would change"],
  ],
  details: "target.prices overrides single prices, for instance those of servers that you ordered earlier.",
  words: "any",
  offers: "stacks",
  run: async (given) => (await import("../cost")).run(given),
});
