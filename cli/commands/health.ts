import { CHECK_EXIT_CODES } from "../shared/check-exit-codes";
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
  exitCodes: CHECK_EXIT_CODES,
  run: async (given) => (await import("../operations")).health(given),
});
