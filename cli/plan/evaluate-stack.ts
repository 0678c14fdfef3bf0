import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { type Evaluation, evaluate } from "../pulumi-monitor";
import { conceals } from "../pulumi-monitor/conceal-literals";
import { type AbsentSecret, withAbsentSecrets } from "./absent-secrets";
import { readProject, readStack } from "./stack-file";

interface EvaluateArgs {
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  readonly stack: string;
  /** A settings file to use. @default Pulumi.<stack>.yaml */
  readonly configFile?: string | undefined;
}

/** What a stack's program declares with its settings. */
export interface EvaluatedStack {
  readonly evaluation: Evaluation;
  readonly identity: { readonly project: string; readonly stack: string };
  /** The keys of the secrets that are set, and of those that are needed and not set. */
  readonly secretKeys: readonly string[];
  readonly absent: readonly AbsentSecret[];
}

/** Runs a stack's program offline. Its secrets are placeholders. */
export async function evaluateStack({ cwd, stack, configFile }: EvaluateArgs): Promise<EvaluatedStack> {
  if (!conceals(pulumi.secret))
    throw new Error("the SDK was imported before conceal-literals.ts: the plan could contain secrets");
  const project = readProject(resolve(cwd));
  const identity = { project: project.name, stack };
  const { absent, config, secretKeys } = withAbsentSecrets(
    readStack(resolve(cwd), project.name, stack, configFile),
  );
  const program = () => entryOf(project.main);
  const evaluation = await evaluate({ ...identity, config, secretKeys, program });
  return { evaluation, identity, secretKeys, absent };
}

/** Runs the program as the CLI does: calls a default function, or takes named exports as the stack's outputs. */
async function entryOf(path: string): Promise<unknown> {
  const entry: Record<string, unknown> = await import(pathToFileURL(path).href);
  const outputs = "default" in entry ? entry.default : { ...entry };
  return typeof outputs === "function" ? outputs() : outputs;
}
