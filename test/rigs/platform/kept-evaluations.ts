import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { TestProject } from "vitest/node";
import type { Evaluation } from "../../../cli/pulumi-monitor";

/** Where a test run keeps the evaluations of its stacks, for all of its processes. */
const PLACE = "TRELLIS_TEST_EVALUATIONS";

/**
 * The evaluation of these settings. A run of the tests makes each once: the prod stack takes seconds, and twenty files
 * look at it. Everybody gets a copy of their own.
 */
export async function keptEvaluation(
  of: readonly unknown[],
  evaluate: () => Promise<Evaluation>,
): Promise<Evaluation> {
  const place = process.env[PLACE];
  if (!place) return evaluate();
  const file = join(place, createHash("sha256").update(JSON.stringify(of)).digest("hex"));
  if (existsSync(file)) return deserialize(readFileSync(file)); // written below
  const evaluation = await evaluate();
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, serialize(evaluation));
  renameSync(draft, file);
  return evaluation;
}

/** Keeps evaluations until the run ends. A run that watches the sources evaluates each time. */
export default function setup(project: TestProject): (() => void) | undefined {
  if (project.vitest.config.watch || process.env[PLACE]) return undefined;
  const place = mkdtempSync(join(tmpdir(), "trellis-evaluations-"));
  process.env[PLACE] = place;
  return () => {
    delete process.env[PLACE];
    rmSync(place, { recursive: true, force: true });
  };
}
