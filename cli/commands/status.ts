import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const status = command({
  name: "status",
  group: "stack",
  summary: "Shows the state of the whole platform on one screen.",
  description: "Each line that is not well names the runbook and the command to type next.",
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--watch": "redraw until Ctrl-C",
    "--every <seconds>": "seconds between two looks with --watch; 30 if not given",
    "--json": "print JSON",
  },
  examples: [
    ["status --stack prod", "all of prod, once"],
    ["status --stack prod --watch", "all of prod, redrawn every 30 seconds"],
  ],
  exitCodes: {
    1: "some checks warn, or the command failed for the reason on stderr",
    2: "some checks failed, or the command line is wrong",
    3: "not all could be checked",
    130: "interrupted",
  },
  run: async (given) => (await import("../operations")).status(given),
});
