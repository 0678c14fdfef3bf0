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

/** The stack or a component, with its contents. */
export interface Branch {
  readonly name: string;
  /** The last part of the type: `Cluster` for `trellis:cluster:Cluster`. */
  readonly type: string;
  /** How many resources of each type it contains directly, most frequent first. */
  readonly counts: readonly Count[];
  readonly branches: readonly Branch[];
}

export interface Count {
  readonly type: string;
  readonly count: number;
}

/** The summary of a plan, for a terminal or as JSON. */
export interface Summary {
  readonly project: string;
  readonly stack: string;
  /** The number of managed resources, without components and providers. */
  readonly total: number;
  readonly byType: readonly Count[];
  readonly tree: Branch;
  readonly outputs: Properties;
  readonly logs: readonly LogEntry[];
  readonly absentSecrets: readonly AbsentSecret[];
  readonly files: number;
  readonly out: string;
  /** Since the process started. */
  readonly seconds: number;
  /** CPU time. Unlike `seconds`, it is the same on a busy machine. */
  readonly cpuSeconds: number;
  readonly peakMemoryMiB: number;
}

/** Whether Pulumi manages the resource; components only group, and providers only configure access. */
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
  // A custom resource may have children: count them in its nearest component.
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

/** `Server` for `hcloud:index/server:Server`. */
function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}
