import { command } from "../shared/command";

export const verify = command({
  name: "verify",
  group: "stack",
  summary: "Tries what a running system promises.",
  description: "Does what the system's clients would do, and removes what it made for that.",
  forms: ["gardenos --url <url> [flags]"],
  flags: {
    "--url <url>": "the stack's output `endpoints.gardenos`",
    "--json": "print the result as JSON",
    "--quiet": "print only the promises that are broken",
  },
  examples: [["verify gardenos --url https://crm.example.com", "every promise of the CRM"]],
  details:
    "Reads the keys from GARDENOS_ANON_KEY and GARDENOS_SERVICE_KEY, the stack's outputs `gardenos.anonKey` and\n`gardenos.serviceKey`.",
  words: "any",
  offers: ["gardenos"],
  exitCodes: { 1: "a promise is broken" },
  run: async (given) => (await import("../verify")).run(given),
});
