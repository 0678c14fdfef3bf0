import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const rain = command({
  name: "rain",
  group: "stack",
  summary: "Starts an import of rain data in a stack's cluster.",
  description: "The import is a Job of the same rendering as the scheduled ones.",
  forms: ["<import> [flags] [--stack <stack>] [--dry-run]"],
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--namespace <name>": "where Rain Tracker is; rain-tracker if not given",
    "--image <reference>": "an image of the stack's repository, by digest, instead of the deployed one",
    "--dry-run": "print the Job instead of creating it",
  },
  examples: [
    ["rain import-year 2023 --stack prod", "one water year"],
    ["rain import-years 2010 2024 --sequential", "several, in one Job"],
    ["rain import-fopr --gauge 59700 --data", "the official record of one gauge"],
  ],
  details: `Imports:
  import-year 2023                       one water year
  import-years 2010 2024 [--sequential]  several, in one Job
  import-fopr [--gauge 59700] [--data]   official records`,
  words: "forwarded",
  offers: ["import-year", "import-years", "import-fopr"],
  run: async (given) => (await import("../rain")).startImport(given),
});
