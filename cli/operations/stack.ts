import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../components/shared/user-error";
import { chooseStack } from "../shared/stack-choice";
import { output } from "./programs";

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
  readonly #folder = mkdtempSync(join(tmpdir(), "trellis-health-"));
  readonly #args: StackArgs;
  #path: Promise<string> | undefined;

  constructor(args: StackArgs) {
    const { stack, kubeconfig } = args;
    this.#args = kubeconfig ? args : { stack: chooseStack({ cwd: process.cwd(), flag: stack }) };
  }

  async checks(): Promise<z.output<typeof health>> {
    const { stack } = this.#args;
    if (!stack) return USUAL;
    const given = health.safeParse(
      JSON.parse(await output("pulumi", ["stack", "output", "health", "--json", "--stack", stack])),
    );
    if (given.success) return given.data;
    throw new UserError(`the stack ${stack} has no output \`health\`: deploy it with this release first`);
  }

  async kubectl(words: readonly string[], input?: string): Promise<string> {
    return output("kubectl", [...(await this.login()), ...words], input);
  }

  /** The words with which kubectl reaches the cluster. */
  async login(): Promise<string[]> {
    this.#path ??= this.#kubeconfig();
    return ["--kubeconfig", await this.#path];
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #kubeconfig(): Promise<string> {
    const { stack, kubeconfig } = this.#args;
    if (kubeconfig) return kubeconfig;
    const words = ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack ?? ""];
    const path = join(this.#folder, "kubeconfig");
    writeFileSync(path, await output("pulumi", words), { mode: 0o600 });
    return path;
  }
}
