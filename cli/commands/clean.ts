import { command } from "../shared/command";

export const clean = command({
  name: "clean",
  group: "local",
  summary: "Removes plans and local runs, after it has asked.",
  flags: {
    "--yes": "do not ask; needed where no terminal can answer",
    "--quiet": "print errors only",
  },
  examples: [
    ["clean", "says what it would remove, and asks"],
    ["clean --yes", "in a script"],
  ],
  exitCodes: { 1: "not removed: the answer was no, or nobody could be asked" },
  run: async (given) => (await import("../start")).clean(given),
});
