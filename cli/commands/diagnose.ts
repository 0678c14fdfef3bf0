import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const diagnose = command({
  name: "diagnose",
  group: "stack",
  summary: "Collects a masked archive for a bug report.",
  description:
    "Reads the states of the cluster's objects, its events, the logs of the last hour, the stack's file and the versions.\nMasks every secret of the cluster and the stack, the names of servers and domains, and e-mail and public addresses.",
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--out <file>": "write there instead of out/diagnose/<stack>_<time>.tar.gz",
    "--yes": "write the archive without asking",
  },
  examples: [["diagnose --stack prod", "what a colleague needs who cannot log in"]],
  details:
    "Shows the list of files first, and asks. Sends nothing anywhere. Needs the administrator's kubeconfig, because it must know the\nsecrets that it masks. Look through the archive before you hand it on: logs may have data of yours.",
  run: async (given) => (await import("../diagnose")).run(given),
});
