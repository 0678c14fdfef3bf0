import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const health = command({
  name: "health",
  group: "stack",
  summary: "Checks the whole platform from inside its cluster.",
  description: "Runs the checks as a Job, shows their results as they come, and saves the report.",
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--out <dir>": "where the report is saved; out/health if not given",
    "--json": "print the report as JSON, and nothing else",
  },
  examples: [
    ["health --stack prod", "every check of prod"],
    ["health --stack prod --json", "the report, for a script"],
  ],
  exitCodes: {
    1: "some checks warn, or the command failed for the reason on stderr",
    2: "some checks failed, or the command line is wrong",
    3: "not all could be checked",
    130: "interrupted; the Job in the cluster was removed",
  },
  run: async (given) => (await import("../operations")).health(given),
});
