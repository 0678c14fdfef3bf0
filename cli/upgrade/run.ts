import { z } from "zod";
import { today } from "../../components/shared/days";
import { Cluster } from "../shared/cluster-access";
import type { Given } from "../shared/command";
import { isUserError } from "../shared/error-message";
import { paletteFor } from "../shared/palette";
import { output } from "../shared/programs";
import { chooseStack } from "../shared/stack-choice";
import { compare } from "./compare";
import { runningIn } from "./running";
import { screenOf, type UpgradeReport } from "./screen";

type UpgradeCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--all": string;
  "--json": string;
}>;

const UPGRADE = 3;
const REFUSED = 4;

/** Runs `trellis upgrade` and returns its exit code. */
export function run({ flags }: UpgradeCommandLine): Promise<number> {
  const stack =
    flags.kubeconfig && !flags.stack ? undefined : chooseStack({ cwd: process.cwd(), flag: flags.stack });
  return Cluster.use(flags, (cluster) => {
    const report: UpgradeReport = {
      stack,
      versions: compare(runningIn(cluster), today()),
      outdatedServers: stack === undefined ? undefined : outdatedServersOf(stack),
    };
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : screenOf(report, flags.all === true, paletteFor(process.stdout)),
    );
    const has = (outcome: string) => report.versions.some((each) => each.outcome === outcome);
    return has("refused") ? REFUSED : has("changes") ? UPGRADE : 0;
  });
}

/** The servers that the last deployment found outdated. Without Pulumi, the rest of the report is still of use. */
function outdatedServersOf(stack: string): readonly string[] | undefined {
  try {
    const outputs: unknown = JSON.parse(
      output("pulumi", ["stack", "output", "--json", "--stack", stack]).toString(),
    );
    return z.object({ outdatedServers: z.array(z.string()).default([]) }).parse(outputs).outdatedServers;
  } catch (error) {
    if (!isUserError(error)) throw error;
    process.stderr.write(`outdated servers are not known: ${error.message}\n`);
    return undefined;
  }
}
