import { readStack, stackConfig } from "../../cli/plan/stack-file";
import { type Evaluation, evaluate } from "../../cli/pulumi-monitor";

interface EvaluateArgs {
  /** Declares resources; what it returns are the stack's outputs. */
  readonly program: () => unknown;
  /** A stack file whose settings apply, for instance `Pulumi.prod.yaml`; those below come on top. */
  readonly settingsFile?: string;
  /** Settings as in the `config` part of a stack file: a key without a namespace is the project's. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Settings that are secret, in clear. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** @default "test" */
  readonly stack?: string;
}

const PROJECT = "trellis";

/**
 * Runs a program against the plan's own monitor and returns all that it declared. Unlike Pulumi's built-in mocks it
 * sees parents, dependencies, options, providers and secrets, runs transforms, and refuses duplicate URNs.
 */
export function evaluateStack(args: EvaluateArgs): Promise<Evaluation> {
  const { program, settingsFile, config = {}, secrets = {}, stack = "test" } = args;
  const file = settingsFile ? readStack(process.cwd(), PROJECT, stack, settingsFile) : undefined;
  const plain = stackConfig(PROJECT, config);
  const secret = stackConfig(PROJECT, secrets);
  return evaluate({
    program,
    project: PROJECT,
    stack,
    config: { ...file?.config, ...plain.config, ...secret.config },
    secretKeys: [...(file?.secretKeys ?? []), ...plain.secretKeys, ...Object.keys(secret.config)],
  });
}
