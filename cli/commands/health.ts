import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const health = command({
  name: "health",
  group: "stack",
  summary: "Checks the whole platform of a stack.",
  description:
    "Runs every check from inside the stack's cluster, shows each as it ends, and saves the report.",
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--out <dir>": "where the report is saved; out/health if not given",
    "--json": "print the report as JSON, and nothing else",
  },
  examples: [["health --stack prod", "every check, with a report"]],
  exitCodes: {
    1: "warnings, or a failure for the reason on stderr",
    2: "failures, or a wrong command line",
    3: "not all could be checked",
    130: "interrupted; the Job in the cluster was removed",
  },
  run: async (given) => (await import("../operations")).health(given),
});
