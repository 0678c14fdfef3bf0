import { Command, CommanderError } from "commander";
import { COMPLETION, type SupervisedEntry } from "../../supervisor";
import { JobError, listProblems } from "./job-error";
import type { Inputs } from "./setting";
import type { Domain, Verb } from "./verb";

/** A system that the command line lists before any of its code is loaded. */
export interface DomainEntry extends SupervisedEntry {
  readonly summary: string;
  /** Imports the system's code; called only when it is used. */
  readonly load: () => Promise<Domain>;
}

export type Chosen = { readonly domain: Domain; readonly verb: Verb; readonly inputs: Inputs };

/** The requested help was printed: there is nothing to run. */
export class HelpShown extends Error {}

/** Finds the verb on the command line and collects its inputs; throws a JobError for unknown words. */
export async function parseCommandLine(
  words: readonly string[],
  entries: readonly DomainEntry[],
  environment: NodeJS.ProcessEnv,
): Promise<Chosen> {
  const complaints: string[] = [];
  const command = (name: string) =>
    new Command(name)
      .exitOverride()
      .configureOutput({ writeErr: (text) => complaints.push(text.replace(/^error: /, "").trim()) })
      .helpCommand(false);

  const program = command("jobs")
    .description("The jobs of Trellis: jobs <domain> <verb>")
    .addHelpText("after", `\nCompletion for a shell: eval "$(jobs ${COMPLETION} bash)", or zsh, or fish`);
  let chosen: Chosen | undefined;
  for (const entry of entries) {
    const group = command(entry.name).description(entry.summary);
    program.addCommand(group);
    if (words[0] !== entry.name) continue;
    const domain = await entry.load();
    for (const verb of domain.verbs) {
      group.addCommand(
        describe(command(verb.name), verb).action((...parsed: unknown[]) => {
          const self = parsed.at(-1) as Command; // commander passes the command itself last
          chosen = { domain, verb, inputs: { arguments: self.args, flags: self.opts(), environment } };
        }),
      );
    }
  }

  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const asked = words.includes("--help") || words.includes("-h");
    if (error.exitCode === 0 || (asked && error.code === "commander.helpDisplayed")) throw new HelpShown();
    throw new JobError(complaints.join("\n") || error.message, 2);
  }
  if (!chosen) throw new JobError(program.helpInformation(), 2);
  return chosen;
}

/** Reads the verb's settings; reports all problems at once. */
export function prepare({ domain, verb, inputs }: Chosen) {
  const reading = verb.prepare(inputs);
  if (reading.problems) {
    const hint = `see: jobs ${domain.name} ${verb.name} --help`;
    throw new JobError(
      `${listProblems(`${domain.name} ${verb.name} cannot start:`, reading.problems)}\n${hint}`,
      2,
    );
  }
  return reading.value;
}

function describe(command: Command, verb: Verb): Command {
  command.description(verb.summary).allowExcessArguments(false);
  for (const { kind, syntax, summary } of verb.declares) {
    // Required arguments and flags are checked with all other settings, so that every problem is reported at once.
    if (kind === "argument") command.argument(syntax.replace(/^<(.*)>$/, "[$1]"), summary);
    if (kind === "flag") command.option(syntax, summary);
  }
  const variables = verb.declares.filter(({ kind }) => kind === "variable");
  if (variables.length > 0) command.addHelpText("after", `\nEnvironment:\n${table(variables)}`);
  if (verb.details) command.addHelpText("after", `\n${verb.details}`);
  return command;
}

function table(rows: readonly { syntax: string; summary: string }[]): string {
  return rows.map(({ syntax, summary }) => `  ${syntax}\n      ${summary}`).join("\n");
}
