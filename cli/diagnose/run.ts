import { writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { agreed } from "../shared/agreement";
import { Cluster } from "../shared/cluster-access";
import type { Given } from "../shared/command";
import { isUserError } from "../shared/error-message";
import { makeFolder, onFiles } from "../shared/file-error";
import { chooseStack } from "../shared/stack-choice";
import { masked, packed } from "./archive";
import { type Collected, collect, secretsIn } from "./collect";
import { configurationOf, stackSecrets, versionsOf } from "./configuration";
import { type KnownSecret, Masks } from "./masks";

type DiagnoseCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--out <file>": string;
  "--yes": string;
}>;

/** Runs `trellis diagnose` and returns its exit code. */
export function run({ flags }: DiagnoseCommandLine): Promise<number> {
  const cwd = process.cwd();
  const stack = flags.kubeconfig && !flags.stack ? undefined : chooseStack({ cwd, flag: flags.stack });
  return Cluster.use(flags, async (cluster) => {
    const files = contents(cluster, cwd, stack);
    process.stdout.write(listing(files));
    if (!flags.yes && !(await agreed("Write them to an archive?", "nothing was written"))) {
      process.stderr.write("nothing was written\n");
      return 1;
    }
    const stamp = new Date()
      .toISOString()
      .replaceAll(/[-:]|\..*/g, "")
      .replace("T", "_");
    const path = resolve(flags.out ?? join("out", "diagnose", `${stack ?? "cluster"}_${stamp}.tar.gz`));
    onFiles(path, () => {
      makeFolder(dirname(path));
      writeFileSync(path, packed(files), { mode: 0o600, flag: "wx" });
    });
    process.stdout.write(`wrote ${path}\n`);
    return 0;
  });
}

/** Everything that the archive will have, masked. */
function contents(cluster: Cluster, cwd: string, stack: string | undefined): Collected {
  const fromCluster = secretsIn(cluster);
  const { files, servers } = collect(cluster);
  files.set("states/secrets.txt", fromCluster.list);
  files.set(
    "versions.txt",
    versionsOf(cwd, (words) => cluster.kubectl(words)),
  );
  const configuration = stack === undefined ? undefined : configurationOf(cwd, stack);
  for (const [path, text] of configuration?.files ?? []) files.set(path, text);
  const secrets: readonly KnownSecret[] = [
    ...fromCluster.secrets,
    // With a kubeconfig of one's own, Pulumi may not be there; the cluster's Secrets and the patterns remain.
    ...(stack === undefined ? [] : secretsOfStack(cwd, stack, files)),
  ];
  return masked(files, new Masks(secrets, { servers, others: configuration?.names ?? [] }));
}

function secretsOfStack(cwd: string, stack: string, files: Collected): KnownSecret[] {
  try {
    return stackSecrets(cwd, stack);
  } catch (error) {
    if (!isUserError(error)) throw error;
    files.set("configuration/pulumi.error", `${error.message}\n`);
    return [];
  }
}

/** What the archive will have, before anything is written. */
function listing(files: Collected): string {
  const lines = [...files].map(([path, text]) => `${String(Buffer.byteLength(text)).padStart(10)}  ${path}`);
  const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return `${lines.join("\n")}\n${String(bytes).padStart(10)}  bytes in ${files.size} files; secrets, names of servers, domains, e-mail and public addresses are masked\n`;
}
