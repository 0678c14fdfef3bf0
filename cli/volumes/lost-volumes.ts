import { z } from "zod";

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(""),
  creationTimestamp: z.coerce.date(),
  labels: z.record(z.string(), z.string()).default({}),
});

const volume = z.object({
  metadata,
  spec: z.object({
    claimRef: z.object({ namespace: z.string(), name: z.string() }).optional(),
    local: z.object({ path: z.string() }).optional(),
    hostPath: z.object({ path: z.string() }).optional(),
    nodeAffinity: z
      .object({
        required: z.object({
          nodeSelectorTerms: z.array(
            z.object({
              matchExpressions: z
                .array(z.object({ key: z.string(), values: z.array(z.string()).default([]) }))
                .default([]),
            }),
          ),
        }),
      })
      .optional(),
  }),
  status: z.object({ phase: z.string().optional() }).default({}),
});

const pod = z.object({
  metadata: metadata.extend({ uid: z.string() }),
  spec: z.object({
    volumes: z
      .array(z.object({ persistentVolumeClaim: z.object({ claimName: z.string() }).optional() }))
      .default([]),
  }),
  status: z.object({ phase: z.string().optional() }).default({}),
});

const event = z.object({
  involvedObject: z.object({ uid: z.string().optional() }),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item) }).transform(({ items }) => items);

/** What the API server answers to `kubectl get` of each kind, as JSON. */
export const observed = {
  nodes: listOf(z.object({ metadata })),
  volumes: listOf(volume),
  pods: listOf(pod),
  events: listOf(event),
};

export interface Observed {
  readonly nodes: z.output<typeof observed.nodes>;
  readonly volumes: z.output<typeof observed.volumes>;
  readonly pods: z.output<typeof observed.pods>;
  readonly events: z.output<typeof observed.events>;
}

/** A claim whose volume is a folder that its node does not have, so that its pod cannot start. */
export interface LostVolume {
  readonly namespace: string;
  readonly claim: string;
  readonly pod: string;
  readonly node: string;
  readonly path: string;
  /** The pod's label `app.kubernetes.io/name`. */
  readonly app: string;
  /** Whether the node registered after the volume was made, as a replaced server does. */
  readonly nodeIsNewer: boolean;
}

/** Kubelet's words when the folder of a `local` volume is missing. */
const saysMissing = (message: string, { name, path }: { readonly name: string; readonly path: string }) =>
  message.includes(`"${name}"`) && message.includes(`path "${path}" does not exist`);

/**
 * The claims that wait for a folder which is gone. Kubelet itself must have said so about the pod: a node that is merely
 * young, or a pod that waits for another reason, is not enough.
 */
export function lostVolumes({ nodes, volumes, pods, events }: Observed): LostVolume[] {
  const born = new Map(nodes.map((node) => [node.metadata.name, node.metadata.creationTimestamp]));
  return volumes.flatMap(({ metadata: { name, creationTimestamp }, spec, status: { phase } }) => {
    const path = (spec.local ?? spec.hostPath)?.path;
    const node = spec.nodeAffinity?.required.nodeSelectorTerms
      .flatMap(({ matchExpressions }) => matchExpressions)
      .find(({ key }) => key === "kubernetes.io/hostname")?.values[0];
    const since = node !== undefined && born.get(node);
    if (phase !== "Bound" || !spec.claimRef || !path || !node || !since) return [];
    const { namespace, name: claim } = spec.claimRef;
    return pods
      .filter(
        ({ metadata: { namespace: own }, spec: { volumes: mounted }, status }) =>
          own === namespace &&
          status.phase === "Pending" &&
          mounted.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim),
      )
      .filter(({ metadata: { uid } }) =>
        events.some(
          ({ involvedObject, reason, message }) =>
            reason === "FailedMount" &&
            involvedObject.uid === uid && // a pod of the same name may have waited before
            saysMissing(message ?? "", { name, path }),
        ),
      )
      .map(({ metadata: { name: waiting, labels } }) => ({
        namespace,
        claim,
        pod: waiting,
        node,
        path,
        app: labels["app.kubernetes.io/name"] ?? "",
        nodeIsNewer: since > creationTimestamp,
      }));
  });
}
