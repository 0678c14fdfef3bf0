import { type Evaluation, evaluate } from "../../local/monitor";

export interface EvaluateArgs {
  /** Declares resources; what it returns are the stack's outputs. */
  readonly program: () => unknown;
  /** Settings by key; a key without a namespace is the project's. Structured values become JSON as in a stack file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Settings that are secret, in the same form. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** @default "test" */
  readonly stack?: string;
}

const PROJECT = "trellis";

/**
 * Runs a program against the plan's own monitor and returns all that it declared. Unlike Pulumi's built-in mocks it
 * sees parents, dependencies, options, providers and secrets, runs transforms, and refuses duplicate URNs.
 */
export function evaluateStack({
  program,
  config = {},
  secrets = {},
  stack = "test",
}: EvaluateArgs): Promise<Evaluation> {
  return evaluate({
    program,
    project: PROJECT,
    stack,
    config: { ...asConfig(config), ...asConfig(secrets) },
    secretKeys: Object.keys(secrets).map(fullKey),
  });
}

function asConfig(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      fullKey(key),
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

function fullKey(key: string): string {
  return key.includes(":") ? key : `${PROJECT}:${key}`;
}
