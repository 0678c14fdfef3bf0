import type { Evaluation } from "../../../cli/pulumi-monitor";
import { step } from "../../../cli/pulumi-monitor/wire";

/** What the program asked for about one resource, as the engine and our own monitor both understand it. */
interface Asked {
  readonly parent: string;
  readonly dependencies: readonly string[];
  /** Paths of the secrets among the inputs. */
  readonly secrets: readonly string[];
  /** Paths of all values among the inputs. */
  readonly inputs: readonly string[];
}

/** The key of Pulumi's special objects, and the mark of a secret. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

interface ExportedResource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  readonly custom?: boolean;
  readonly external?: boolean;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly dependencies?: readonly string[];
}

/** Keys that the engine's host or a provider adds to inputs: not of the program. */
const ADDED = ["__defaults", "__pulumiNamedProperties", "__internal"];

/** By URN, from a state as `pulumi stack export` writes it. */
export function askedOfEngine(state: string): Record<string, Asked> {
  const { resources } = (JSON.parse(state) as { deployment: { resources: ExportedResource[] } }).deployment;
  const entries = resources
    .filter(({ custom, external, type }) => custom && !external && !type.startsWith("pulumi:providers:"))
    .map(({ urn, parent = "", dependencies = [], inputs = {} }) => [
      urn,
      { parent, dependencies: [...new Set(dependencies)].sort(), ...pathsOf(inputs) },
    ]);
  return Object.fromEntries(entries);
}

/** By URN, from an evaluation of our own. */
export function askedOfMonitor({ resources }: Evaluation): Record<string, Asked> {
  const entries = resources
    .filter(({ kind }) => kind === "custom")
    .map(({ urn, parent = "", dependencies, inputs, secretInputs }) => [
      urn,
      {
        parent,
        dependencies: [...new Set(dependencies)].sort(),
        secrets: [...secretInputs].sort(),
        inputs: pathsOf(inputs).inputs.filter(
          (path) => !secretInputs.some((secret) => isWithin(path, secret)),
        ),
      },
    ]);
  return Object.fromEntries(entries);
}

const isWithin = (path: string, parent: string) =>
  path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`);

function pathsOf(value: unknown): { secrets: string[]; inputs: string[] } {
  const secrets: string[] = [];
  const inputs: string[] = [];
  const visit = (at: unknown, path: string) => {
    if (Array.isArray(at)) return at.forEach((item, index) => void visit(item, `${path}[${index}]`));
    if (typeof at !== "object" || at === null) return void inputs.push(path);
    if (SIGNATURE in at) {
      if (at[SIGNATURE] === SECRET) secrets.push(path);
      return;
    }
    for (const [key, item] of Object.entries(at)) {
      if (ADDED.includes(key)) continue;
      visit(item, step(path, key));
    }
  };
  visit(value, "");
  return { secrets: secrets.sort(), inputs: inputs.sort() };
}
