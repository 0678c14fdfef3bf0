import { execFile } from "node:child_process";
import { program } from "../programs";

export interface KubectlOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl to its end. */
export function runKubectl(
  kubeconfig: string,
  words: readonly string[],
  input = "",
): Promise<KubectlOutcome> {
  return new Promise((resolve) => {
    const line = ["--kubeconfig", kubeconfig, ...words];
    const child = execFile(program("kubectl"), line, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.on("error", () => undefined); // it may end without reading
    child.stdin?.end(input);
  });
}
