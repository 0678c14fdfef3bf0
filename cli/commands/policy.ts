import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const policy = command({
  name: "policy",
  group: "before",
  summary: "Judges a plan by the rules in policy/.",
  description: "Judges what a stack would create, without the Pulumi CLI.",
  forms: ["[<stack>] [flags]"],
  flags: {
    ...STACK_FLAG,
    "--preview <file>": "also judge what `pulumi preview --json` wrote to this file",
    "--config-file <file>": "read the settings from this file instead of Pulumi.<stack>.yaml",
    ...CWD_FLAG,
    "--json": "print the verdict as JSON",
    "--quiet": "print only what is violated or must be removed",
  },
  examples: [
    ["policy prod", "all rules on the plan of prod"],
    ["policy prod --preview preview.json", "also what the preview deletes or replaces"],
  ],
  words: "any",
  offers: "stacks",
  exitCodes: { 1: "a rule is violated, or an exemption has ended or is not needed any more" },
  run: async (given) => {
    await import("../pulumi-monitor/conceal-literals"); // must precede every import of the Pulumi SDK
    return (await import("../policy")).run(given);
  },
});
