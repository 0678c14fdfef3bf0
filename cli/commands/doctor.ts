import { command } from "../shared/command";

export const doctor = command({
  name: "doctor",
  group: "local",
  summary: "Lists the programs that this machine lacks.",
  description:
    "Checks which of the programs that Trellis needs are installed on this machine, and says how to install the others.",
  flags: {
    "--json": "print the result as JSON",
    "--quiet": "print only what is missing, too old or broken",
  },
  examples: [
    ["doctor", "what is missing, and what each program is for"],
    ["doctor --json", "the same for a script"],
  ],
  exitCodes: {
    1: "Node is missing or too old; a program that only some commands need is reported, with exit code 0",
  },
  run: async (given) => (await import("../doctor")).run(given),
});
