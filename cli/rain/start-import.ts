import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { checkWords, importRequest } from "../../components/systems";
import { isUserError } from "../shared/error-message";
import { UsageError } from "../shared/usage-error";
import { Cluster } from "./cluster-access";
import { type RainCommandLine, rainFlags } from "./flags";

/** Starts an import in a stack's cluster, as a Job rendered like the scheduled ones. */
export async function startImport(given: RainCommandLine): Promise<void> {
  const { words, stack, kubeconfig, image, namespace = "rain-tracker", dryRun } = rainFlags(given);
  await checkWords(words).catch((error: unknown) => {
    throw isUserError(error) ? new UsageError(error.message) : error;
  });
  const folder = mkdtempSync(join(tmpdir(), "trellis-rain-"));
  try {
    const cluster = new Cluster({ stack, kubeconfig, folder });
    // A dry run with a given image needs no cluster.
    const pod =
      dryRun && image
        ? { image, databaseSecret: { name: "rain-database", key: "url" } }
        : cluster.deployedPod(namespace);
    const job = stringify(importRequest(words, namespace, { ...pod, ...(image && { image }) }));
    process.stdout.write(dryRun ? job : cluster.create(job));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
