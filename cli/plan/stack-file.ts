import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseDocument } from "yaml";
import { UserError } from "../../components/shared/user-error";
import { placeholder } from "../shared/placeholders";
import { stacksIn } from "../shared/stack-choice";

/** The parts of Pulumi.yaml that describe the program. */
interface Project {
  readonly name: string;
  /** The program's entry file, as an absolute path. */
  readonly main: string;
}

/** A stack's settings as the CLI passes them to the program. Encrypted values become placeholders. */
export interface StackConfig {
  /** Values by full key; structured values are JSON. */
  readonly config: Readonly<Record<string, string>>;
  /** The keys of secret values. */
  readonly secretKeys: readonly string[];
}

export function readProject(cwd: string): Project {
  const path = join(cwd, "Pulumi.yaml");
  const { name, main } = mapping(readYaml(path, `there is no Pulumi project in ${cwd}`), path);
  if (typeof name !== "string" || name === "") throw new UserError(`${path}: the project needs a name`);
  return { name, main: resolve(cwd, typeof main === "string" ? main : "index.ts") };
}

/** Reads `Pulumi.<stack>.yaml`, or the given file instead. */
export function readStack(cwd: string, project: string, stack: string, file?: string): StackConfig {
  const path = file ? resolve(cwd, file) : join(cwd, `Pulumi.${stack}.yaml`);
  const absent = file ? `there is no settings file ${path}` : noSuchStack(cwd, stack);
  const { config = {} } = mapping(readYaml(path, absent), path);
  return stackConfig(project, mapping(config, `${path}: config`));
}

/** Converts the `config` part of a stack file into keys and strings. */
export function stackConfig(project: string, entries: Readonly<Record<string, unknown>>): StackConfig {
  const config: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [written, value] of Object.entries(entries)) {
    const key = fullKey(project, written);
    const sources: string[] = [];
    const plain = withoutSecrets(value, key, sources);
    if (plain === null || plain === undefined) continue;
    config[key] = typeof plain === "object" ? JSON.stringify(plain) : String(plain);
    if (sources.length > 0) secretKeys.push(key);
  }
  return { config, secretKeys };
}

/** A key without a namespace belongs to the project. Older versions wrote `a:b` as `a:config:b`. */
function fullKey(project: string, key: string): string {
  const parts = key.split(":");
  if (parts.length === 1) return `${project}:${key}`;
  if (parts.length === 3 && parts[1] === "config") return `${parts[0]}:${parts[2]}`;
  if (parts.length === 2) return key;
  throw new UserError(
    `config: ${JSON.stringify(key)} is not a valid key; allowed: <name> or <namespace>:<name>`,
  );
}

function withoutSecrets(value: unknown, path: string, sources: string[]): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => withoutSecrets(item, `${path}[${index}]`, sources));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && "secure" in value && typeof value.secure === "string") {
    sources.push(path);
    return placeholder(path);
  }
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, withoutSecrets(inner, `${path}.${key}`, sources)]),
  );
}

function noSuchStack(cwd: string, stack: string): string {
  const stacks = stacksIn(cwd);
  const choice = stacks.length > 0 ? `existing stacks: ${stacks.join(", ")}` : "no stack exists yet";
  return `there is no stack ${stack}: no file Pulumi.${stack}.yaml in ${cwd}; ${choice}`;
}

function readYaml(path: string, absent: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new UserError(code === "ENOENT" ? absent : `${path} cannot be read: ${String(code)}`);
  }
  const document = parseDocument(text, { prettyErrors: true });
  const [mistake] = document.errors;
  if (mistake) throw new UserError(`${basename(path)} is not valid YAML: ${mistake.message.trimEnd()}`);
  return document.toJS() ?? {};
}

function mapping(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new UserError(`${where}: expected a mapping of keys to values, given ${JSON.stringify(value)}`);
}
