import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "./programs";
import { chooseStack } from "./stack-choice";

interface ClusterArgs {
  readonly stack?: string | undefined;
  readonly kubeconfig?: string | undefined;
}

/** Accesses a stack's cluster with kubectl. */
export class Cluster {
  #folder: string | undefined;
  #path: string | undefined;

  constructor(private readonly args: ClusterArgs) {}

  /** Gives `work` the cluster, and then removes the kubeconfig that was written for it. */
  static async use<Result>(
    args: ClusterArgs,
    work: (cluster: Cluster) => Promise<Result> | Result,
  ): Promise<Result> {
    const cluster = new Cluster(args);
    try {
      return await work(cluster);
    } finally {
      cluster.close();
    }
  }

  /** Runs kubectl and returns what it printed. Throws a UserError with its words if it fails. */
  kubectl(words: readonly string[], input?: string): string {
    // Behind kubectl's own words, which an error names, and before those of a program in a pod.
    const own = words.includes("--") ? words.indexOf("--") : words.length;
    const line = [...words.slice(0, own), "--kubeconfig", this.kubeconfig(), ...words.slice(own)];
    return output("kubectl", line, input === undefined ? {} : { input: Buffer.from(input) }).toString();
  }

  /** The path of the kubeconfig: the one given, or the stack's, which is written once. */
  kubeconfig(): string {
    if (this.args.kubeconfig) return this.args.kubeconfig;
    if (!this.#path) {
      const stack = chooseStack({ cwd: process.cwd(), flag: this.args.stack });
      const words = ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack];
      const text = output("pulumi", words);
      this.#folder = mkdtempSync(join(tmpdir(), "trellis-cluster-"));
      this.#path = join(this.#folder, "kubeconfig");
      writeFileSync(this.#path, text, { mode: 0o600 });
    }
    return this.#path;
  }

  /** Removes the kubeconfig that was written. */
  close(): void {
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }
}
