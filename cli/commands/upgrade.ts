import { KUBECONFIG_FLAG } from "../shared/cluster-flags";
import { command, STACK_FLAG } from "../shared/command";

export const upgrade = command({
  name: "upgrade",
  group: "stack",
  summary: "Compares a stack's versions with this checkout's.",
  description:
    "Reads the versions that run in the cluster, compares them with components/shared/versions.ts, and shows for each difference how\nit is upgraded, what is interrupted, and the order of the commands. Changes nothing.",
  flags: {
    ...STACK_FLAG,
    ...KUBECONFIG_FLAG,
    "--all": "show what is the same too",
    "--json": "print the comparison as JSON",
  },
  examples: [["upgrade --stack dev", "before `pulumi up` with a new release"]],
  details:
    "Refuses what its program cannot do: K3s over more than one minor version or back to an older one, PostgreSQL to another major\nversion, etcd to an older minor version.",
  exitCodes: {
    0: "the stack runs these versions",
    1: "failed, for the reason on stderr",
    3: "something would be upgraded",
    4: "an upgrade is not possible in this way; the line says what to do",
  },
  run: async (given) => (await import("../upgrade")).run(given),
});
