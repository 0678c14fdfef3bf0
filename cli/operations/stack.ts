import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import { Cluster } from "../shared/cluster-access";
import { output } from "../shared/programs";
import { chooseStack } from "../shared/stack-choice";
import { asyncOutput } from "./programs";

interface StackArgs {
  readonly stack?: string | undefined;
  /** A kubeconfig instead of the stack's. */
  readonly kubeconfig?: string | undefined;
}

const health = z.object({ namespace: z.string(), cronJob: z.string() });

/** Where a cluster has the checks without a stack's outputs: the names that the program gives them. */
const USUAL = { namespace: "operations", cronJob: "operations-health" };

/** A stack's cluster, and where its checks are, from the stack's outputs. */
export class Stack {
  readonly #name: string | undefined;
  readonly #cluster: Cluster;

  constructor({ stack, kubeconfig }: StackArgs) {
    this.#name = kubeconfig ? stack : chooseStack({ cwd: process.cwd(), flag: stack });
    this.#cluster = new Cluster({ stack: this.#name, kubeconfig });
  }

  checks(): z.output<typeof health> {
    if (!this.#name) return USUAL;
    const words = ["stack", "output", "health", "--json", "--stack", this.#name];
    const given = health.safeParse(JSON.parse(output("pulumi", words).toString()));
    if (given.success) return given.data;
    throw new UserError(
      `the stack ${this.#name} has no output \`health\`: deploy it with this release first`,
    );
  }

  /** Runs kubectl, so that Ctrl-C is noticed meanwhile. */
  kubectl(words: readonly string[], input?: string): Promise<string> {
    return asyncOutput("kubectl", [...this.login(), ...words], input);
  }

  /** The words with which kubectl reaches the cluster. */
  login(): string[] {
    return ["--kubeconfig", this.#cluster.kubeconfig()];
  }

  close(): void {
    this.#cluster.close();
  }
}
