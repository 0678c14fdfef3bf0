import { command } from "../shared/command";

export const docs = command({
  name: "docs",
  group: "repository",
  summary: "Writes the generated parts of the documentation.",
  flags: { "--quiet": "print errors only" },
  examples: [["docs", "after a change of settings, commands or folders"]],
  run: async ({ flags }, { commands }) => {
    const written = (await import("../docs")).writePages(commands);
    if (!flags.quiet) process.stdout.write(`wrote ${written.join(", ")}\n`);
  },
});
