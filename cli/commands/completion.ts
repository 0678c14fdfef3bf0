import { completion as scriptOf, shellIn } from "../command-line";
import { command } from "../shared/command";

export const completion = command({
  name: "completion",
  group: "repository",
  summary: "Prints a script that completes commands in a shell.",
  description: "It completes commands, flags and stacks.",
  forms: ["bash|zsh|fish"],
  flags: {},
  examples: [["completion bash >~/.local/share/bash-completion/completions/trellis", "for bash"]],
  details: "The shell completes the word `trellis`; `alias trellis='npx trellis'` makes it one.",
  words: "any",
  offers: ["bash", "zsh", "fish"],
  run: async ({ words }, { commands }) => {
    process.stdout.write(scriptOf(shellIn(words), commands));
  },
});
