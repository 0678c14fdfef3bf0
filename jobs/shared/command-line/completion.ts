import { COMPLETION } from "../../supervisor";
import type { DomainEntry } from "./command-line";
import { JobError } from "./job-error";
import type { Declaration } from "./setting";
import type { Verb } from "./verb";

const SHELLS = { bash, zsh, fish } as const;

/** `jobs completion <shell>`: a script with which a shell completes domains, verbs and flags. */
export async function completion(
  [shell, ...surplus]: readonly string[],
  entries: readonly DomainEntry[],
): Promise<string> {
  if (shell === undefined || !isShell(shell) || surplus.length > 0) {
    throw new JobError(
      `jobs completion: which shell? allowed: ${Object.keys(SHELLS).join(", ")}\n` +
        'for instance: eval "$(jobs completion bash)"',
      2,
    );
  }
  const domains = await Promise.all(
    entries.map(async ({ name, summary, load }) => ({ name, summary, verbs: (await load()).verbs })),
  );
  return SHELLS[shell](domains);
}

const isShell = (name: string): name is keyof typeof SHELLS => Object.hasOwn(SHELLS, name);

interface Offered {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb[];
}

function bash(domains: readonly Offered[]): string {
  const names = domains.map(({ name }) => name);
  return `# Completion of \`jobs\` for bash: eval "$(jobs completion bash)"
_jobs() {
  local current=\${COMP_WORDS[COMP_CWORD]} offered
  case "$COMP_CWORD:\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
    1:*) offered="${[...names, COMPLETION].join(" ")}" ;;
    "2:${COMPLETION} "*) offered="${Object.keys(SHELLS).join(" ")}" ;;
${domains.map(({ name, verbs }) => `    "2:${name} "*) offered="${verbs.map((verb) => verb.name).join(" ")}" ;;`).join("\n")}
${domains
  .flatMap(({ name, verbs }) =>
    verbs.map(
      (verb) => `    *":${name} ${verb.name}") offered="${flagsOf(verb).map(flagName).join(" ")}" ;;`,
    ),
  )
  .join("\n")}
  esac
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$offered" -- "$current")
  # Where no flag is asked for, a file may be.
  [ "\${#COMPREPLY[@]}" -gt 0 ] || compopt -o default
}
complete -F _jobs jobs
`;
}

/** zsh can load bash's completions. */
function zsh(domains: readonly Offered[]): string {
  return `# Completion of \`jobs\` for zsh: eval "$(jobs completion zsh)"
autoload -U +X compinit && compinit -u
autoload -U +X bashcompinit && bashcompinit
${bash(domains)
  .replace(/^# .*\n/, "")
  .replace(/ {2}# Where no flag.*\n.*\n/, "")}`;
}

function fish(domains: readonly Offered[]): string {
  const line = (when: string, what: string, summary: string) =>
    `complete -c jobs -f -n '${when}' ${what} -d '${quoted(summary)}'`;
  const lines = domains.flatMap(({ name, summary, verbs }) => [
    line("__fish_is_nth_token 1", `-a ${name}`, summary),
    ...verbs.flatMap((verb) => [
      line(`__fish_is_nth_token 2; and __fish_seen_subcommand_from ${name}`, `-a ${verb.name}`, verb.summary),
      ...flagsOf(verb).map((flag) =>
        line(
          `__fish_seen_subcommand_from ${name}; and __fish_seen_subcommand_from ${verb.name}`,
          `-l ${flagName(flag).slice(2)}${flag.syntax.includes("<") ? " -r" : ""}`,
          flag.summary,
        ),
      ),
    ]),
  ]);
  return [
    "# Completion of `jobs` for fish: jobs completion fish | source",
    ...lines,
    line("__fish_is_nth_token 1", `-a ${COMPLETION}`, "completion for a shell"),
    `complete -c jobs -f -n '__fish_seen_subcommand_from ${COMPLETION}' -a '${Object.keys(SHELLS).join(" ")}'`,
    "",
  ].join("\n");
}

const flagsOf = ({ declares }: Verb) => declares.filter(({ kind }) => kind === "flag");

const flagName = ({ syntax }: Declaration) => syntax.replace(/[ ,=].*$/, "");

/** Escapes text for fish's single quotes. */
const quoted = (text: string) => text.replace(/[\\']/g, "\\$&");
