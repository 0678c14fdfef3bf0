import { CHECK_EXIT_CODES } from "../shared/check-exit-codes";
import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const status = command({
  name: "status",
  group: "stack",
  summary: "Shows the state of a stack on one screen.",
  description: "Names the next command and the runbook for whatever is not well.",
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--watch": "redraw until Ctrl-C",
    "--every <seconds>": "seconds between two looks with --watch; 30 if not given",
    "--json": "print JSON",
  },
  examples: [["status --stack prod --watch", "a screen to keep open"]],
  exitCodes: CHECK_EXIT_CODES,
  run: async (given) => (await import("../operations")).status(given),
});
