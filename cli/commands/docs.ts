import { command } from "../shared/command";

export const docs = command({
  name: "docs",
  group: "repository",
  summary: "Writes the generated parts of the documentation.",
  flags: { "--quiet": "print errors only" },
  examples: [["docs", "after a change of settings, commands, folders or what prod declares"]],
  run: async ({ flags }, { commands }) => {
    await import("../pulumi-monitor/conceal-literals"); // must precede every import of the Pulumi SDK
    const written = await (await import("../docs")).writePages(commands);
    if (!flags.quiet) process.stdout.write(`wrote ${written.join(", ")}\n`);
  },
});
