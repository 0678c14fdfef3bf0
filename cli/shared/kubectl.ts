import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../components/shared/user-error";

export interface KubectlArgs {
  /** The stack whose output `kubeconfig` leads to the cluster. */
  readonly stack: string | undefined;
  /** A kubeconfig instead of the stack's. */
  readonly kubeconfig: string | undefined;
  /** A folder for a temporary kubeconfig. */
  readonly folder: string;
}

/** kubectl with the kubeconfig of a stack, or with a given one. */
export class Kubectl {
  private path: string | undefined;

  constructor(private readonly args: KubectlArgs) {}

  /** Runs kubectl with these words and returns what it printed. */
  run(words: readonly string[], input?: string): string {
    return run("kubectl", ["--kubeconfig", this.kubeconfig(), ...words], input);
  }

  private kubeconfig(): string {
    const { stack, kubeconfig, folder } = this.args;
    if (kubeconfig) return kubeconfig;
    if (!stack) throw new UserError("say with --stack whose cluster is meant, or give a --kubeconfig");
    if (!this.path) {
      const text = run("pulumi", ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack]);
      this.path = join(folder, "kubeconfig");
      writeFileSync(this.path, text, { mode: 0o600 });
    }
    return this.path;
  }
}

function run(program: string, words: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    encoding: "utf8",
    ...(input !== undefined && { input }),
  });
  if (error) throw new UserError(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new UserError(`${program} ${words.slice(0, 3).join(" ")} failed: ${stderr.trim()}`);
  return stdout;
}
