/** Everything about a local run that the terminal, the page and the exit code show. */
export interface RunFacts {
  readonly stack: string;
  /** The start time in ISO 8601. */
  readonly began: string;
  readonly seconds: number;
  /** "unsaved": everything is right but no backup was made. */
  readonly state: "running" | "right" | "unsaved" | "wrong" | "stopped";
  readonly resources: { readonly total: number; readonly byType: readonly { type: string; count: number }[] };
  /** The topology as SVG. */
  readonly picture: string;
  readonly warnings: readonly string[];
  readonly services: readonly ServiceFacts[];
  readonly steps: readonly StepFacts[];
  readonly streams: readonly StreamFacts[];
  readonly rain?: RainFacts;
  readonly backups?: BackupFacts;
  readonly checks: readonly CheckFacts[];
}

/** A server on this machine that replaces one of the cluster. */
export interface ServiceFacts {
  readonly name: string;
  readonly standsFor: string;
  readonly address: string;
}

export interface StepFacts {
  /** The kind of its manifest. */
  readonly kind: "Job" | "CronJob" | "Deployment" | "DAG";
  readonly name: string;
  readonly system: "platform" | "datasurface" | "rain" | "backup";
  /** The arguments after the image's entrypoint. */
  readonly words: readonly string[];
  readonly schedule?: string;
  readonly state: "running" | "right" | "failed" | "skipped" | "stopped";
  readonly round?: number;
  readonly exitCode?: number;
  /** When it began, in seconds since the run did. @default it did not run */
  readonly at?: number;
  readonly seconds?: number;
  /** The file with its output, in the folder of logs. @default none: it did not run */
  readonly log?: string;
  /** The last line of its output, and when it came, in seconds since the run began. @default it was silent */
  readonly heard?: { readonly message: string; readonly at: number };
  /** Why the step was skipped, or how it differs from the cluster. */
  readonly note?: string;
  /** The error message of the step. */
  readonly error?: string;
  readonly tail?: readonly string[];
}

export interface BatchFacts {
  readonly batch: number;
  readonly status: string;
  readonly seconds: number;
  readonly total: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

export interface StreamFacts {
  readonly platform: string;
  readonly stream: string;
  readonly batches: readonly BatchFacts[];
  readonly tables: readonly {
    readonly dataset: string;
    readonly source: number;
    readonly merged: number;
    readonly open: number;
  }[];
}

export interface RainFacts {
  readonly gauges: number;
  readonly readings: number;
  readonly rainDays: number;
  readonly missing: number;
  /** The mean of all gauges, in inches. */
  readonly months: readonly { readonly month: string; readonly inches: number; readonly greatest: number }[];
  readonly imports: readonly {
    readonly subject: string;
    readonly status: string;
    readonly readings: number;
  }[];
}

export interface BackupFacts {
  readonly bucket: string;
  readonly objects: number;
  readonly bytes: number;
  readonly backups: readonly string[];
}

/** An expectation about the results, and whether it is true. */
export interface CheckFacts {
  readonly what: string;
  readonly holds: boolean;
  readonly found: string;
}
