import type { Command } from "../shared/command";
import { UsageError } from "../shared/usage-error";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** The shell that the arguments of `trellis completion` name. */
export function shellIn([word, ...surplus]: readonly string[]): Shell {
  const shell = SHELLS.find((each) => each === word);
  if (shell === undefined || surplus.length > 0)
    throw new UsageError(
      `which shell: given ${[word, ...surplus].join(" ") || "nothing"}, allowed: ${SHELLS.join(", ")}`,
    );
  return shell;
}

/** A script with which a shell completes commands, flags, and the stacks of the folder. */
export const completion = (shell: Shell, commands: readonly Command[]): string =>
  ({ bash, zsh, fish })[shell](commands);

/** The stacks of the folder, in words of the shell, without a process of Node. */
const STACKS = `for file in Pulumi.*.yaml; do file=\${file#Pulumi.}; file=\${file%.yaml}; [ "$file" = "*" ] || echo "$file"; done`;

const flagNames = ({ flags }: Command) => [
  ...Object.keys(flags).map((syntax) => syntax.replace(/ .*$/, "")),
  "--help",
  "--version",
];

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const { name, offers } = command;
    const words = offers === "stacks" ? "$(_trellis_stacks)" : (offers ?? []).join(" ");
    return `    ${name}) flags="${flagNames(command).join(" ")}"; words="${words}" ;;`;
  });
  return `# Completion of trellis for bash: eval "$(npx trellis completion bash)"
_trellis_stacks() { ${STACKS}; }
_trellis() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} flags= words= offered= word
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [ "$COMP_CWORD" = 1 ]; then offered="${[...commands.map(({ name }) => name), "help"].join(" ")} --help --version"
  elif [ "$before" = --stack ]; then offered=$(_trellis_stacks)
  elif [ "\${COMP_WORDS[1]}" = help ]; then offered="${commands.map(({ name }) => name).join(" ")}"
  elif [[ "$current" == -* ]]; then offered=$flags
  elif [ "$COMP_CWORD" = 2 ]; then offered=$words
  fi
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$offered" -- "$current")
  # Where no word is offered, a file may follow.
  [ "\${#COMPREPLY[@]}" -gt 0 ] || compopt -o default 2>/dev/null
}
complete -F _trellis trellis
`;
}

/** zsh can load bash's completions. */
function zsh(commands: readonly Command[]): string {
  return `# Completion of trellis for zsh: eval "$(npx trellis completion zsh)"
autoload -U +X compinit && compinit -u
autoload -U +X bashcompinit && bashcompinit
${bash(commands)
  .replace(/^# .*\n/, "")
  .replace(/ {2}# Where no word.*\n.*\n/, "")}`;
}

function fish(commands: readonly Command[]): string {
  const line = (when: string, what: string, summary: string) =>
    `complete -c trellis -f -n '${when}' ${what} -d '${summary.replace(/[\\']/g, "\\$&")}'`;
  const stacks = `(string replace -rf '^Pulumi\\.(.+)\\.yaml$' '$1' -- *)`;
  const lines = commands.flatMap(({ name, summary, flags, offers = [] }) => [
    line("__fish_is_nth_token 1", `-a ${name}`, summary),
    ...Object.entries(flags).map(([syntax, purpose]) =>
      line(
        `__fish_seen_subcommand_from ${name}`,
        `-l ${syntax.slice(2).replace(/ .*$/, "")}${syntax.includes("<") ? " -r" : ""}`,
        purpose,
      ),
    ),
    ...(offers.length > 0
      ? [
          `complete -c trellis -f -n '__fish_is_nth_token 2; and __fish_seen_subcommand_from ${name}' -a "${offers === "stacks" ? stacks.replaceAll("$", "\\$") : offers.join(" ")}"`,
        ]
      : []),
  ]);
  return ["# Completion of trellis for fish: npx trellis completion fish | source", ...lines, ""].join("\n");
}
