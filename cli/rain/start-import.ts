import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../../components/shared/user-error";
import { checkWords, importRequest, splitWords } from "../../components/systems";
import { UserError as JobsError } from "../../jobs/shared";
import { Cluster } from "./cluster-access";

const USAGE = `usage: npm run rain -- <import> [flags] --stack <stack> [--dry-run]

  import-year 2023                       one water year
  import-years 2010 2024 [--sequential]  several, in one Job
  import-fopr [--gauge 59700] [--data]   official records

  --stack <name>       the stack whose cluster runs the import; its kubeconfig is one of the stack's outputs
  --kubeconfig <path>  a kubeconfig instead of the stack's
  --namespace <name>   where Rain Tracker is; rain-tracker if not given
  --image <reference>  an image instead of the deployed one
  --dry-run            print the Job instead of creating it`;

/** Starts an import in a stack's cluster, as a Job of the same rendering as the scheduled ones. */
async function start(argv: readonly string[]): Promise<number> {
  const { flags, words, dryRun } = splitWords(argv);
  if (words.length === 0 || words.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return words.length === 0 ? 2 : 0;
  }
  await checkWords(words);
  const folder = mkdtempSync(join(tmpdir(), "trellis-rain-"));
  try {
    const namespace = flags["--namespace"] ?? "rain-tracker";
    const cluster = new Cluster({ stack: flags["--stack"], kubeconfig: flags["--kubeconfig"], folder });
    const image = flags["--image"];
    // Whoever only wants to see the Job of an image needs no cluster.
    const pod =
      dryRun && image
        ? { image, databaseSecret: { name: "rain-database", key: "url" } }
        : cluster.deployedPod(namespace);
    const job = stringify(importRequest(words, namespace, { ...pod, ...(image && { image }) }));
    process.stdout.write(dryRun ? job : cluster.create(job));
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await start(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError) && !(error instanceof JobsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
