import { readFileSync } from "node:fs";
import { UserError } from "../../components/shared/user-error";
import type { PlannedStep } from "../../policy/plan";
import { isRecord } from "../pulumi-monitor";

/** The steps in the output of `pulumi preview --json`. */
export function readSteps(file: string): PlannedStep[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new UserError(`${file} cannot be read; write it by: pulumi preview --json >${file}`);
  }
  return stepsIn(text, file);
}

export function stepsIn(text: string, file: string): PlannedStep[] {
  const unusable = new UserError(
    `${file} is no output of pulumi preview --json: it must be an object with a list \`steps\`, each with \`op\` and \`urn\``,
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw unusable;
  }
  if (!isRecord(parsed) || !Array.isArray(parsed.steps)) throw unusable;
  return parsed.steps.map((step: unknown) => {
    if (!isRecord(step) || typeof step.op !== "string" || typeof step.urn !== "string") throw unusable;
    return { op: step.op, urn: step.urn };
  });
}
