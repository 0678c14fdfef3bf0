import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const volumes = command({
  name: "volumes",
  group: "stack",
  summary: "Lists and renews the volumes lost with a server.",
  description:
    "A volume counts as lost when kubelet reports that its folder does not exist. PostgreSQL and MinIO fill new ones from their\nother members, one pod after the other. The command refuses while another member is missing or still being filled.",
  forms: ["[flags]", "renew <node> [flags]", "renew <namespace>/<claim> [flags]"],
  flags: { ...STACK_FLAG, ...KUBECONFIG_FLAG, "--json": "print the list as JSON" },
  examples: [
    ["volumes --stack prod", "the volumes that are lost"],
    ["volumes renew ubuntu-8gb-fsn1-2 --stack prod", "all of a server that was replaced"],
    ["volumes renew postgres/data-postgres-1 --stack prod", "one, where the server is the same as before"],
  ],
  details:
    "Renewing deletes the claim and the pod, waits until the new volume has everything, and goes on with the next. It can be\nstopped at any time and run again.",
  words: "any",
  offers: ["renew"],
  exitCodes: { 1: "volumes are lost, or cannot be renewed" },
  run: async (given) => (await import("../volumes")).run(given),
});
