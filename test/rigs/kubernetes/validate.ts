import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { program } from "../programs";

/** The program, as `describeWith` and the cache know it. */
export const KUBERNETES_VALIDATE = "kubernetes-validate";

/** What Kubernetes' own schemas, read strictly, have against these objects: a line each. */
export function schemaViolations(manifests: readonly unknown[], version = "1.36"): string[] {
  const folder = mkdtempSync(join(tmpdir(), "trellis-manifests-"));
  try {
    const file = join(folder, "objects.yaml");
    writeFileSync(file, manifests.map((manifest) => stringify(manifest)).join("---\n"));
    const { stdout, stderr, status } = spawnSync(
      program(KUBERNETES_VALIDATE),
      ["-k", version, "--strict", file],
      {
        encoding: "utf8",
      },
    );
    const lines = `${stdout}${stderr}`.replaceAll(file, "").split("\n");
    const passed = lines.filter((line) => line.startsWith("INFO")).length;
    const problems = lines.filter((line) => line !== "" && !line.startsWith("INFO"));
    if (status !== 0 && problems.length === 0) throw new Error(`${KUBERNETES_VALIDATE} ended with ${status}`);
    return passed + problems.length >= manifests.length
      ? problems
      : [...problems, `only ${passed} objects were read`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
