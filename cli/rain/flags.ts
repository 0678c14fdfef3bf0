import { CLUSTER_FLAGS } from "../shared/cluster-access";
import { readCommandLine, UsageError } from "../shared/command-line";

export const RAIN_IMPORT = {
  command: "npm run rain --",
  forms: ["<import> [flags] --stack <stack> [--dry-run]"],
  summary: "Starts an import in a stack's cluster, as a Job of the same rendering as the scheduled ones.",
  flags: {
    ...CLUSTER_FLAGS,
    "--namespace <name>": "where Rain Tracker is; rain-tracker if not given",
    "--image <reference>": "an image instead of the deployed one",
    "--dry-run": "print the Job instead of creating it",
  },
  details: `Imports:
  import-year 2023                       one water year
  import-years 2010 2024 [--sequential]  several, in one Job
  import-fopr [--gauge 59700] [--data]   official records
`,
  words: "forwarded",
} as const;

/** Separates the command's own flags from the arguments of the job. */
export function parseFlags(argv: readonly string[]) {
  const { words, flags } = readCommandLine(RAIN_IMPORT, argv);
  if (words.length === 0) {
    throw new UsageError("no import given; for example: npm run rain -- import-year 2023 --stack prod");
  }
  return { words, ...flags };
}
