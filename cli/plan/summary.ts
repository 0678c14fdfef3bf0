import {
  type Evaluation,
  type LogEntry,
  type PlannedResource,
  type Properties,
  STACK_TYPE,
} from "../pulumi-monitor";
import { groupBy } from "../shared/grouping";
import type { AbsentSecret } from "./absent-secrets";
import { maskProperties } from "./masking";

/** A component and what it holds, or the stack itself. */
export interface Branch {
  readonly name: string;
  /** The last part of its type: `Cluster` of `trellis:cluster:Cluster`. */
  readonly type: string;
  /** How many resources of each kind stand directly in it, the commonest first. */
  readonly counts: readonly Count[];
  readonly branches: readonly Branch[];
}

export interface Count {
  readonly type: string;
  readonly count: number;
}

/** What a plan has to say on a terminal, or to a program. */
export interface Summary {
  readonly project: string;
  readonly stack: string;
  /** Resources that will exist somewhere; components and providers are not among them. */
  readonly total: number;
  readonly byType: readonly Count[];
  readonly tree: Branch;
  readonly outputs: Properties;
  readonly logs: readonly LogEntry[];
  readonly absentSecrets: readonly AbsentSecret[];
  readonly files: number;
  readonly out: string;
  /** Since the process began. */
  readonly seconds: number;
  /** What the processor was busy for: the same on a loaded machine as on a quiet one. */
  readonly cpuSeconds: number;
  readonly peakMemoryMiB: number;
}

/** Whether a resource is something that will exist, rather than a way of grouping or reaching it. */
function exists({ kind }: PlannedResource): boolean {
  return kind === "custom";
}

export function summarize(
  evaluation: Evaluation,
  rest: Omit<Summary, "total" | "byType" | "tree" | "outputs" | "logs">,
): Summary {
  const { resources, outputs, secretOutputs, logs } = evaluation;
  const existing = resources.filter(exists);
  const stack = resources.find(({ type }) => type === STACK_TYPE);
  return {
    ...rest,
    total: existing.length,
    byType: countTypes(existing),
    tree: stack
      ? branchOf(stack, childrenByParent(resources))
      : { name: rest.stack, type: "Stack", counts: [], branches: [] },
    outputs: maskProperties(outputs, secretOutputs),
    logs,
  };
}

type Children = ReadonlyMap<string | undefined, readonly PlannedResource[]>;

function childrenByParent(resources: readonly PlannedResource[]): Children {
  return groupBy(resources, ({ parent }) => parent);
}

function branchOf(resource: PlannedResource, children: Children): Branch {
  const inside = children.get(resource.urn) ?? [];
  const components = inside.filter((child) => child.kind === "component");
  // A custom resource may have children too: they count where their nearest component stands.
  const direct = inside.filter(exists).flatMap((child) => [child, ...below(child, children)]);
  return {
    name: resource.name,
    type: shortType(resource.type),
    counts: countTypes(direct),
    branches: components
      .map((component) => branchOf(component, children))
      .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })),
  };
}

function below(resource: PlannedResource, children: Children): PlannedResource[] {
  return (children.get(resource.urn) ?? [])
    .filter(exists)
    .flatMap((child) => [child, ...below(child, children)]);
}

function countTypes(resources: readonly PlannedResource[]): Count[] {
  const counts = new Map<string, number>();
  for (const { type } of resources) counts.set(shortType(type), (counts.get(shortType(type)) ?? 0) + 1);
  return [...counts]
    .map(([type, count]) => ({ type, count }))
    .sort((a, b) => b.count - a.count || a.type.localeCompare(b.type, "en"));
}

/** `Server` of `hcloud:index/server:Server`. */
function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}
