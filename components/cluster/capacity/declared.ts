import * as pulumi from "@pulumi/pulumi";
import { DEFAULT_REQUEST } from "../namespaces";
import { cpuMillis, memoryMib, NOTHING, plus, type Room, type Workload } from "./requests";

/** What a stack declares of the cluster's room. */
export interface Declared {
  readonly workloads: readonly Workload[];
  /** The quota of each namespace that has one. */
  readonly quotas: Readonly<Record<string, Room>>;
}

const KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"] as const;

interface Seen {
  readonly kind: string;
  readonly props: Fields;
}

/**
 * Records every workload that the program declares from here on. Call it before the first resource, and the function
 * that it returns after the last one: it reads what was recorded once all of it is known.
 */
export function recordWorkloads(): () => pulumi.Output<Declared> {
  const seen: Seen[] = [];
  pulumi.runtime.registerStackTransformation(({ type, props }) => {
    const kind = /^kubernetes:.*:(\w+)$/.exec(type)?.[1];
    if (kind !== undefined && WANTED.has(kind)) seen.push({ kind, props });
    return undefined;
  });
  return () => pulumi.output(Promise.all(seen.map(withKnownNames)).then(declared));
}

const WANTED: ReadonlySet<string> = new Set([...KINDS, "HorizontalPodAutoscaler", "ResourceQuota"]);

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {}; // safe: any object

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A namespace's name is an output, which resolves in a preview too. Everything else that is read here is plain. */
async function withKnownNames({ kind, props }: Seen): Promise<Seen & { readonly namespace: string }> {
  // Safe: the provider's types have a name or nothing here, plain or as an output.
  const namespace = fields(props.metadata).namespace as pulumi.Input<string | undefined>;
  const known = await new Promise<string | undefined>((resolve) => {
    pulumi.all([namespace]).apply(([name]) => resolve(name));
  });
  return { kind, props, namespace: known ?? "default" };
}

function declared(seen: readonly (Seen & { readonly namespace: string })[]): Declared {
  const most = new Map(
    seen
      .filter(({ kind }) => kind === "HorizontalPodAutoscaler")
      .map(({ props, namespace }) => {
        const spec = fields(props.spec);
        return [`${namespace}/${fields(spec.scaleTargetRef).name}`, Number(spec.maxReplicas)];
      }),
  );
  return {
    workloads: seen.flatMap(({ kind, props, namespace }) => {
      const known = KINDS.find((each) => each === kind);
      return (known && workload(known, props, { namespace, most })) ?? [];
    }),
    quotas: Object.fromEntries(
      seen
        .filter(({ kind }) => kind === "ResourceQuota")
        .map(({ props, namespace }) => {
          const hard = fields(fields(props.spec).hard);
          return [
            namespace,
            roomOf({
              cpu: hard["requests.cpu"] ?? "1000000",
              memory: hard["requests.memory"] ?? "1000000Gi",
            }),
          ];
        }),
    ),
  };
}

function workload(
  kind: Workload["kind"],
  props: Fields,
  { namespace, most }: { readonly namespace: string; readonly most: ReadonlyMap<string, number> },
): Workload | undefined {
  const name = String(fields(props.metadata).name);
  const spec = fields(props.spec);
  const pod = fields(
    fields((kind === "CronJob" ? fields(fields(spec.jobTemplate).spec) : spec).template).spec,
  );
  const containers = list(pod.containers).map(fields);
  // DataSurface's Jobs are rendered from an output, which a first preview does not know. They ask for less than others.
  if (containers.length === 0 && kind === "Job") return undefined;
  if (containers.length === 0) throw new Error(`${kind} ${name}: its containers are not known to a preview`);
  const affinity = fields(fields(pod.affinity).podAntiAffinity);
  const counted = kind === "Deployment" || kind === "StatefulSet";
  return {
    kind,
    namespace,
    name,
    replicas: counted ? Number(spec.replicas ?? most.get(`${namespace}/${name}`) ?? 1) : 1,
    requests: containers
      .map(({ resources }) => ({ ...DEFAULT_REQUEST, ...fields(fields(resources).requests) }))
      .map(roomOf)
      .reduce(plus, NOTHING),
    apart: list(affinity.requiredDuringSchedulingIgnoredDuringExecution).length > 0,
  };
}

const roomOf = ({ cpu, memory }: { readonly cpu: unknown; readonly memory: unknown }): Room => ({
  cpuMillis: cpuMillis(String(cpu)),
  memoryMib: memoryMib(String(memory)),
});
