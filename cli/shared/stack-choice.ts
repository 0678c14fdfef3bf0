import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { UsageError } from "./usage-error";

interface StackChoice {
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  /** The positional arguments; the first may be the stack. @default none */
  readonly words?: readonly string[];
  /** The value of `--stack`. @default not given */
  readonly flag?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * The stack that a command is about: the one given, or PULUMI_STACK, or the one that Pulumi's CLI has selected for this
 * folder.
 */
export function chooseStack({ cwd, words = [], flag, environment = process.env }: StackChoice): string {
  const [word, ...surplus] = words;
  if (surplus.length > 0) throw new UsageError(`only one stack at a time; given also: ${surplus.join(", ")}`);
  if (word !== undefined && flag !== undefined && word !== flag)
    throw new UsageError(`only one stack at a time; given: ${word} and --stack ${flag}`);
  const stack = word ?? flag ?? (environment.PULUMI_STACK || undefined) ?? selectedStack(cwd, environment);
  if (stack === undefined) {
    const stacks = stacksIn(cwd);
    const there =
      stacks.length > 0 ? `here are: ${stacks.join(", ")}` : `${cwd} has no file Pulumi.<stack>.yaml`;
    throw new UsageError(`no stack given: name it by --stack or PULUMI_STACK; ${there}`);
  }
  checkStackName(stack);
  return stack;
}

/** The stacks that have a settings file in the folder. */
export function stacksIn(cwd: string): string[] {
  return (existsSync(cwd) ? readdirSync(cwd) : [])
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** A name is also the end of a file's name; Pulumi's own names may have an organization and a project in front. */
function checkStackName(stack: string): void {
  if (!/^[\w.-]{1,100}$/.test(stack) || /^\.+$/.test(stack)) {
    throw new UsageError(
      `${JSON.stringify(stack)} is not a valid stack name; allowed: letters, digits, dots, dashes and underscores`,
    );
  }
}

/**
 * The stack that `pulumi stack select` has selected. Pulumi keeps it in a file of its home that is named after the
 * project and the SHA-1 of the path of Pulumi.yaml.
 */
function selectedStack(cwd: string, environment: NodeJS.ProcessEnv): string | undefined {
  const project = resolve(cwd, "Pulumi.yaml");
  const home = environment.PULUMI_HOME || join(environment.HOME || homedir(), ".pulumi");
  try {
    const { name } = parse(readFileSync(project, "utf8"));
    const file = `${name}-${createHash("sha1").update(project).digest("hex")}-workspace.json`;
    const { stack } = JSON.parse(readFileSync(join(home, "workspaces", file), "utf8"));
    return typeof stack === "string" ? stack.split("/").at(-1) : undefined;
  } catch {
    return undefined; // no stack is selected, or the project cannot be read, which the command then reports
  }
}
