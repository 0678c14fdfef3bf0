import { readCommandLine, UsageError } from "../shared/command-line";

const SYSTEMS = ["datasurface", "rain", "backup"] as const;

export interface StartFlags {
  /** The only system to run. @default all systems */
  readonly only?: (typeof SYSTEMS)[number];
  /** Whether the stack keeps running afterwards, with a live report. */
  readonly serve: boolean;
  /** A folder with initdb and postgres. @default those of the npm package */
  readonly postgresBin?: string;
}

export const START = {
  command: "npm start --",
  forms: ["[flags]"],
  summary:
    "Runs a small version of the platform on this machine: plans the dev stack, starts PostgreSQL and an S3 server on loopback, and runs the rendered Jobs, CronJobs and DAGs as processes. .local/ keeps the data for the next run.",
  flags: {
    "--only <system>": `run one system: ${SYSTEMS.join(", ")}`,
    "--serve": "keep running and serve the live report on loopback until Ctrl-C",
    "--postgres-bin <dir>": "use this PostgreSQL (16 or newer) instead of the one that npm installs",
  },
  details:
    "The run writes its report to out/dev/report.html, and as JSON to out/dev/report.json. npm run clean removes out/ and .local/.",
  words: "any",
} as const;

export function parseStartFlags(argv: readonly string[]): StartFlags {
  const { words, flags } = readCommandLine(START, argv);
  const [surplus] = words;
  if (surplus !== undefined) {
    const meant = SYSTEMS.find((system) => system === surplus);
    throw new UsageError(
      meant
        ? `${surplus} is not a flag; use npm start -- --only ${meant}`
        : `${surplus} is not a flag; npm start runs only the dev stack (to plan another one: npm run plan -- prod)`,
    );
  }
  const { only: named, serve = false, ...places } = flags;
  const only = SYSTEMS.find((system) => system === named);
  if (named !== undefined && !only) {
    throw new UsageError(`--only: given ${JSON.stringify(named)}, allowed: ${SYSTEMS.join(", ")}`);
  }
  return { serve, ...(only && { only }), ...places };
}
