import { parseArgs } from "node:util";
import { UserError } from "../../components/shared/user-error";

const SYSTEMS = ["datasurface", "rain", "backup"] as const;

export interface StartFlags {
  /** One system alone. @default all */
  readonly only?: (typeof SYSTEMS)[number];
  /** Whether the stack keeps running, with the report live. */
  readonly serve: boolean;
  /** A folder with initdb and postgres. @default those of npm */
  readonly postgresBin?: string;
}

export const START_USAGE = `Runs a small version of the platform on this machine: plans the dev stack, starts PostgreSQL and an S3 server on
loopback, and runs the rendered Jobs, CronJobs and DAGs as processes. .local/ keeps the data for the next run.

Usage: npm start [-- flags]

  --only SYSTEM       run one system: ${SYSTEMS.join(", ")}
  --serve             keep running and serve the live report on loopback until Ctrl-C
  --postgres-bin DIR  use this PostgreSQL (16 or newer) instead of the one that npm installs
  --help              print this

The run writes its report to out/dev/report.html, and as JSON to out/dev/report.json. npm run clean removes out/ and .local/.
`;

/** A command line that cannot be understood; `--help` would have helped. */
export class StartUsageError extends UserError {}

export function parseStartFlags(argv: readonly string[]): StartFlags | "help" {
  const { values, positionals } = parse(argv);
  if (values.help) return "help";
  const [surplus] = positionals;
  if (surplus !== undefined) {
    const meant = SYSTEMS.find((system) => system === surplus);
    throw new StartUsageError(
      meant
        ? `${surplus} is not a flag; use npm start -- --only ${meant}`
        : `${surplus} is not a flag; npm start runs only the dev stack (to plan another one: npm run plan -- prod)`,
    );
  }
  const only = SYSTEMS.find((system) => system === values.only);
  if (values.only !== undefined && !only) {
    throw new StartUsageError(`--only: given ${JSON.stringify(values.only)}, allowed: ${SYSTEMS.join(", ")}`);
  }
  return {
    serve: values.serve ?? false,
    ...(only && { only }),
    ...(values["postgres-bin"] !== undefined && { postgresBin: values["postgres-bin"] }),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        only: { type: "string" },
        serve: { type: "boolean" },
        "postgres-bin": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new StartUsageError(error instanceof Error ? error.message : String(error));
  }
}
