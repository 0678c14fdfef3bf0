import { type Command, EXIT_CODES, GROUPS, PROGRAM } from "../shared/command";

const MARKS = /<!-- table: commands -->\n[\s\S]*?<!-- end -->/;

/** The page of the command line with the commands, their examples and their exit codes between its marks. */
export function commandLinePage(page: string, commands: readonly Command[]): string {
  if (!MARKS.test(page)) throw new Error("docs/command-line.md has no marks for the table of the commands");
  return page.replace(MARKS, () => `<!-- table: commands -->\n${generated(commands)}\n<!-- end -->`);
}

function generated(commands: readonly Command[]): string {
  const groups = Object.entries(GROUPS).flatMap(([group, title]) => {
    const members = commands.filter((command) => command.group === group);
    if (members.length === 0) return [];
    const rows = members.map(({ name, summary }) => `| \`${name}\` | ${cell(summary)} |`);
    return [[`## ${title}`, "", "| command | |", "|---|---|", ...rows].join("\n")];
  });
  const examples = commands.flatMap((command) =>
    command.examples.map(([line, purpose]) => `| \`${PROGRAM} ${line}\` | ${cell(purpose)} |`),
  );
  const everywhere = Object.entries(EXIT_CODES).map(
    ([code, meaning]) => `| ${code} | every command | ${meaning} |`,
  );
  const own = commands.flatMap(({ name, exitCodes = {} }) =>
    Object.entries(exitCodes).map(([code, meaning]) => `| ${code} | \`${name}\` | ${cell(meaning)} |`),
  );
  return [
    ...groups,
    ["## Examples", "", "| command line | purpose |", "|---|---|", ...examples].join("\n"),
    ["## Exit codes", "", "| code | of | meaning |", "|---|---|---|", ...everywhere, ...own].join("\n"),
  ].join("\n\n");
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/<([a-z-]+)>/g, "`<$1>`");
