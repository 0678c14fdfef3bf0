import { type Fields, fields, list, text } from "./fields";
import type { PlannedObject } from "./objects";

export interface Container {
  readonly name: string;
  readonly fields: Fields;
  /** A sidecar counts as a main container: it runs as long as the pod. */
  readonly role: "main" | "init";
}

/** An object that creates pods. */
export interface Workload {
  readonly object: PlannedObject;
  readonly pod: Fields;
  readonly containers: readonly Container[];
  /** Whether its pods run until somebody ends them. */
  readonly permanent: boolean;
}

const PERMANENT: ReadonlySet<string> = new Set(["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]);

export function workloadsOf(objects: readonly PlannedObject[]): Workload[] {
  return objects.flatMap((object) => {
    const pod = podOf(object);
    if (!pod) return [];
    const containers = [
      ...list(pod.initContainers).map((each) => containerOf(each, "init")),
      ...list(pod.containers).map((each) => containerOf(each, "main")),
    ];
    return [{ object, pod, containers, permanent: PERMANENT.has(object.kind) }];
  });
}

function podOf({ kind, manifest }: PlannedObject): Fields | undefined {
  const spec = fields(manifest.spec);
  if (kind === "Pod") return spec;
  if (kind === "CronJob") return fields(fields(fields(fields(spec.jobTemplate).spec).template).spec);
  if (kind === "Job" || PERMANENT.has(kind)) return fields(fields(spec.template).spec);
  return undefined;
}

function containerOf(value: unknown, place: "main" | "init"): Container {
  const container = fields(value);
  const role = container.restartPolicy === "Always" ? "main" : place;
  return { name: text(container.name) ?? "unnamed", fields: container, role };
}
