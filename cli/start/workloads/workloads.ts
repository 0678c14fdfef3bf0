import { z } from "zod";
import { isRecord, type PlannedResource } from "../../pulumi-monitor";
import { dagWorkloads } from "./dags";
import type { Manifests, PlannedObject } from "./manifests";
import { type Placed, podSpec } from "./pod";

/** The system that a workload belongs to; "platform" is shared by all. */
export type System = "platform" | "datasurface" | "rain" | "backup";

/** A planned workload with the job image: it runs `jobs <domain> <verb>`. */
export interface Workload extends Placed {
  readonly kind: "Job" | "CronJob" | "Deployment" | "DAG";
  readonly name: string;
  /** The first two arguments. */
  readonly verb: string;
  readonly system: System;
  /** A cron expression, or a preset of Kubernetes or Airflow. @default none, for a workload without a schedule */
  readonly schedule?: string;
}

const template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }).default({ labels: {} }),
  spec: podSpec,
});
const spec = z.looseObject({ template });
const cronSpec = z.looseObject({ schedule: z.string(), jobTemplate: z.looseObject({ spec }) });

/** All workloads with the job image: Jobs in the order of their dependencies, the others by name. */
export function workloadsOf(manifests: Manifests): readonly Workload[] {
  const runsJobs = jobImage(manifests);
  const order = orderOf(manifests.evaluation.resources);
  const placed = [...manifests.objects]
    .sort((a, b) => (order.get(a.resource.urn) ?? 0) - (order.get(b.resource.urn) ?? 0))
    .flatMap(workloadOf);
  return [
    ...placed,
    ...dagWorkloads(manifests).map(({ name, ...rest }) => complete("DAG", name, rest)),
  ].filter(({ container }) => runsJobs(container.image));
}

function workloadOf(object: PlannedObject): Workload[] {
  const { kind, name, namespace = "default", manifest } = object;
  switch (kind) {
    case "Job":
    case "Deployment":
      return [placedIn(kind, name, namespace, spec.parse(manifest.spec).template)];
    case "CronJob": {
      const { schedule, jobTemplate } = cronSpec.parse(manifest.spec);
      return [{ ...placedIn(kind, name, namespace, jobTemplate.spec.template), schedule }];
    }
    default:
      return [];
  }
}

function placedIn(
  kind: Workload["kind"],
  name: string,
  namespace: string,
  { metadata, spec }: z.output<typeof template>,
): Workload {
  const [container] = spec.containers;
  if (!container) throw new Error(`${name} has no container`); // the schema requires one
  return complete(kind, name, { namespace, labels: metadata.labels, spec, container });
}

function complete(
  kind: Workload["kind"],
  name: string,
  rest: Omit<Placed, "pod"> & { readonly schedule?: string },
): Workload {
  const verb = rest.container.args.slice(0, 2).join(" ");
  return { ...rest, kind, name, pod: `${name}-local`, verb, system: systemOf(verb, rest.namespace) };
}

const SYSTEMS: readonly System[] = ["datasurface", "rain", "backup"];

/** The verb's domain determines the system. If the domain is a shared one, the namespace does. */
function systemOf(verb: string, namespace: string): System {
  const [domain] = verb.split(" ");
  return (
    SYSTEMS.find((system) => system === domain) ??
    SYSTEMS.find((system) => namespace === system || namespace.startsWith(`${system}-`)) ??
    "platform"
  );
}

/** Whether an image is the one that the program builds from the jobs' Dockerfile. */
function jobImage({ evaluation }: Manifests): (image: string) => boolean {
  const digests = evaluation.resources.flatMap(({ type, inputs, outputs }) => {
    if (type !== "docker-build:index:Image" || !isRecord(inputs.dockerfile)) return [];
    return inputs.dockerfile.location === "jobs/Dockerfile" ? [String(outputs.digest)] : [];
  });
  return (image) => digests.some((digest) => image.endsWith(`@${digest}`));
}

/** Numbers resources so that each comes after everything that it or its parents depend on. */
function orderOf(resources: readonly PlannedResource[]): ReadonlyMap<string, number> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const children = new Map<string, string[]>();
  for (const { urn, parent } of resources)
    if (parent) children.set(parent, [...(children.get(parent) ?? []), urn]);
  const order = new Map<string, number>();
  const visiting = new Set<string>();
  const visit = (urn: string): void => {
    const resource = byUrn.get(urn);
    if (!resource || order.has(urn) || visiting.has(urn)) return;
    visiting.add(urn);
    for (let each: PlannedResource | undefined = resource; each; each = byUrn.get(each.parent ?? "")) {
      for (const needed of [...each.dependencies].sort()) {
        visit(needed);
        // A dependency on a component includes everything in the component.
        if (byUrn.get(needed)?.kind === "component")
          for (const child of children.get(needed) ?? []) visit(child);
      }
    }
    order.set(urn, order.size);
  };
  for (const urn of [...byUrn.keys()].sort()) visit(urn);
  return order;
}
