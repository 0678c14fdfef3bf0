import { stringify } from "yaml";
import { checkWords, importRequest } from "../../components/systems";
import { Cluster } from "../shared/cluster-access";
import { isUserError } from "../shared/error-message";
import { UsageError } from "../shared/usage-error";
import { deployedPod } from "./deployed-pod";
import { type RainCommandLine, rainFlags } from "./flags";

/** Starts an import in a stack's cluster, as a Job rendered like the scheduled ones. */
export async function startImport(given: RainCommandLine): Promise<void> {
  const { words, stack, kubeconfig, image, namespace = "rain-tracker", dryRun } = rainFlags(given);
  await checkWords(words).catch((error: unknown) => {
    throw isUserError(error) ? new UsageError(error.message) : error;
  });
  await Cluster.use({ stack, kubeconfig }, (cluster) => {
    // A dry run with a given image needs no cluster. It prints no bucket: the next import copies what is in the volume.
    const pod =
      dryRun && image
        ? { image, databaseSecret: { name: "rain-database", key: "url" } }
        : deployedPod(cluster, namespace);
    const job = stringify(importRequest(words, namespace, { ...pod, ...(image && { image }) }));
    process.stdout.write(dryRun ? job : cluster.kubectl(["create", "-f", "-"], job));
  });
}
