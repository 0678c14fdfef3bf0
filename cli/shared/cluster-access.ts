import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../components/shared/user-error";
import { chooseStack } from "./stack-choice";

interface ClusterArgs {
  readonly stack?: string | undefined;
  readonly kubeconfig?: string | undefined;
}

/** Accesses a stack's cluster with kubectl. */
export class Cluster {
  #folder: string | undefined;
  #path: string | undefined;

  private constructor(private readonly args: ClusterArgs) {}

  /** Gives `work` the cluster, and then removes the kubeconfig that was written for it. */
  static async use<Result>(
    args: ClusterArgs,
    work: (cluster: Cluster) => Promise<Result> | Result,
  ): Promise<Result> {
    const cluster = new Cluster(args);
    try {
      return await work(cluster);
    } finally {
      if (cluster.#folder) rmSync(cluster.#folder, { recursive: true, force: true });
    }
  }

  /** Runs kubectl and returns what it printed. Throws a UserError with its words if it fails. */
  kubectl(words: readonly string[], input?: string): string {
    return run("kubectl", ["--kubeconfig", this.#kubeconfig(), ...words], input);
  }

  #kubeconfig(): string {
    const { kubeconfig } = this.args;
    if (kubeconfig) return kubeconfig;
    if (!this.#path) {
      const stack = chooseStack({ cwd: process.cwd(), flag: this.args.stack });
      const text = run("pulumi", ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack]);
      this.#folder = mkdtempSync(join(tmpdir(), "trellis-cluster-"));
      this.#path = join(this.#folder, "kubeconfig");
      writeFileSync(this.#path, text, { mode: 0o600 });
    }
    return this.#path;
  }
}

function run(program: string, words: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...(input !== undefined && { input }),
  });
  if (error) throw new UserError(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new UserError(`${program} ${named(words)} failed: ${stderr.trim()}`);
  return stdout;
}

/** The first words that are no flags, which say what failed. */
function named(words: readonly string[]): string {
  return words
    .filter((word, index) => !word.startsWith("-") && words[index - 1] !== "--kubeconfig")
    .slice(0, 3)
    .join(" ");
}
