import type { Outcome } from "../../supervisor";
import type { Logger } from "./logger";
import type { ProgressDisplay } from "./progress";
import {
  type ConfigOf,
  type Declaration,
  type Inputs,
  type Reading,
  readSettings,
  type Settings,
} from "./setting";

/** What a verb receives besides its configuration. */
export interface Context {
  /** Writes to stderr. */
  readonly log: Logger;
  /** Aborted by SIGTERM or SIGINT: finish or roll back, then throw `signal.reason`. */
  readonly signal: AbortSignal;
  /** Shows the progress of long work. */
  readonly progress: ProgressDisplay;
  /** Writes a report (a table, JSON) to stdout; logs go to stderr. */
  readonly print: (text: string) => void;
}

interface VerbDefinition<S extends Settings> {
  readonly name: string;
  readonly summary: string;
  /** Further lines for `--help`: examples, exit codes, prerequisites. */
  readonly details?: string;
  readonly settings: S;
  /** Checks several settings together, and returns the problems. */
  readonly check?: (config: ConfigOf<S>) => readonly string[];
  /** Set for a verb whose stdout is its answer (`status --json`): no marker line follows it. */
  readonly answersOnStdout?: true;
  readonly run: (config: ConfigOf<S>, context: Context) => Promise<Outcome>;
}

/** A verb as the command line uses it; the type of its configuration is hidden. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly details: string | undefined;
  readonly declares: readonly Declaration[];
  readonly answersOnStdout: boolean;
  /** Reads the configuration; returns a function that runs the verb. */
  prepare(inputs: Inputs): Reading<(context: Context) => Promise<Outcome>>;
}

/** The verbs of one system; its folder exports exactly one of these. */
export interface Domain {
  readonly name: string;
  readonly summary: string;
  /** The verbs, in the order of the help text. */
  readonly verbs: readonly Verb[];
}

export function verb<const S extends Settings>(definition: VerbDefinition<S>): Verb {
  return {
    name: definition.name,
    summary: definition.summary,
    details: definition.details,
    declares: Object.values(definition.settings).flatMap((setting) => setting.declares),
    answersOnStdout: definition.answersOnStdout ?? false,
    prepare: (inputs) => {
      const reading = readSettings(definition.settings, inputs);
      if (reading.problems) return reading;
      const problems = definition.check?.(reading.value) ?? [];
      if (problems.length > 0) return { problems };
      return { value: (context) => definition.run(reading.value, context) };
    },
  };
}
