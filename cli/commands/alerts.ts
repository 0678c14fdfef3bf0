import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const alerts = command({
  name: "alerts",
  group: "stack",
  summary: "Sends a test alarm to a stack's receivers.",
  description: "The alarm goes through the stack's Alertmanager, to all receivers of its severity.",
  forms: ["test [--severity warning|critical] [flags]"],
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--severity <severity>": "warning or critical; critical if not given",
  },
  examples: [["alerts test --stack prod", "a critical alarm, as a page at night would come"]],
  details:
    "Each receiver gets the message within a minute, and a second one when the alarm has ended five minutes later.",
  words: "any",
  offers: ["test"],
  run: async (given) => (await import("../alerts")).run(given),
});
