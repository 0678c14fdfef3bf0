import { command } from "../shared/command";

export const verify = command({
  name: "verify",
  group: "stack",
  summary: "Tries what a running system promises.",
  description:
    "gardenos: does what the system's clients would do, and removes what it made for that. servers: looks at each server over SSH, and changes nothing.",
  forms: ["gardenos --url <url> [flags]", "servers --outputs <file> [flags]"],
  flags: {
    "--url <url>": "gardenos: the stack's output `endpoints.gardenos`",
    "--outputs <file>": "servers: what `pulumi stack output --json` printed, `-` for standard input",
    "--identity <file>": "servers: the private key for SSH, in place of the agent's and the default ones",
    "--json": "print the result as JSON",
    "--quiet": "print only the promises that are broken",
  },
  examples: [
    ["verify gardenos --url https://crm.example.com", "every promise of the CRM"],
    ["verify servers --outputs outputs.json", "every promise of each server"],
  ],
  details:
    "gardenos reads the keys from GARDENOS_ANON_KEY and GARDENOS_SERVICE_KEY, the stack's outputs `gardenos.anonKey` and\n`gardenos.serviceKey`.",
  words: "any",
  offers: ["gardenos", "servers"],
  exitCodes: { 1: "a promise is broken" },
  run: async (given) => (await import("../verify")).run(given),
});
