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

/** What a verb is given besides its configuration. */
export interface Context {
  readonly log: Logger;
  /** Aborted by SIGTERM or SIGINT: finish or roll back, then throw `signal.reason`. */
  readonly signal: AbortSignal;
  readonly progress: ProgressDisplay;
  /** Writes a report (a table, JSON) to stdout; logs go to stderr. */
  readonly print: (text: string) => void;
}

interface VerbDefinition<S extends Settings> {
  readonly name: string;
  readonly summary: string;
  /** Further lines for `--help`: examples, exit codes, what to know before. */
  readonly details?: string;
  readonly settings: S;
  /** Problems that show only when several settings are seen together. */
  readonly check?: (config: ConfigOf<S>) => readonly string[];
  /** Set for a verb whose stdout is its answer (`status --json`): no marker line follows it. */
  readonly answersOnStdout?: true;
  readonly run: (config: ConfigOf<S>, context: Context) => Promise<Outcome>;
}

/** A verb as the command line sees it: its configuration's type stays inside. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly details: string | undefined;
  readonly declares: readonly Declaration[];
  readonly answersOnStdout: boolean;
  /** Reads the configuration; what comes back is ready to run. */
  prepare(inputs: Inputs): Reading<(context: Context) => Promise<Outcome>>;
}

/** The verbs of one system; its room exports exactly one of these. */
export interface Domain {
  readonly name: string;
  readonly summary: string;
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
