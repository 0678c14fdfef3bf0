import { z } from "zod";

/** The fields of Kubernetes' objects that the checks read. Pods' environment and Secrets are not among them. */

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(""),
  labels: z.record(z.string(), z.string()).default({}),
  creationTimestamp: z.string().default(""),
  generation: z.number().default(0),
});
const condition = z.object({ type: z.string(), status: z.string(), reason: z.string().default("") });
const conditions = z.array(condition).default([]);
const n = z.number().default(0);

const container = z.object({
  name: z.string(),
  restartCount: n,
  state: z.object({ waiting: z.object({ reason: z.string().default("") }).optional() }).prefault({}),
  lastState: z
    .object({ terminated: z.object({ finishedAt: z.string().default("") }).optional() })
    .prefault({}),
});

export const KINDS = {
  nodes: {
    path: "/api/v1/nodes",
    item: z.object({
      metadata,
      spec: z.object({ unschedulable: z.boolean().default(false) }).prefault({}),
      status: z
        .object({ conditions, nodeInfo: z.object({ kubeletVersion: z.string().default("") }).prefault({}) })
        .prefault({}),
    }),
  },
  namespaces: { path: "/api/v1/namespaces", item: z.object({ metadata }) },
  pods: {
    path: "/api/v1/pods",
    item: z.object({
      metadata,
      status: z
        .object({
          phase: z.string().default("Unknown"),
          conditions,
          containerStatuses: z.array(container).default([]),
          initContainerStatuses: z.array(container).default([]),
        })
        .prefault({}),
    }),
  },
  claims: {
    path: "/api/v1/persistentvolumeclaims",
    item: z.object({ metadata, status: z.object({ phase: z.string().default("Pending") }).prefault({}) }),
  },
  quotas: {
    path: "/api/v1/resourcequotas",
    item: z.object({
      metadata,
      status: z
        .object({
          hard: z.record(z.string(), z.string()).default({}),
          used: z.record(z.string(), z.string()).default({}),
        })
        .prefault({}),
    }),
  },
  deployments: {
    path: "/apis/apps/v1/deployments",
    item: z.object({
      metadata,
      spec: z.object({ replicas: z.number().default(1) }).prefault({}),
      status: z.object({ observedGeneration: n, updatedReplicas: n, availableReplicas: n }).prefault({}),
    }),
  },
  statefulSets: {
    path: "/apis/apps/v1/statefulsets",
    item: z.object({
      metadata,
      spec: z.object({ replicas: z.number().default(1) }).prefault({}),
      status: z
        .object({
          observedGeneration: n,
          readyReplicas: n,
          currentRevision: z.string().default(""),
          updateRevision: z.string().default(""),
        })
        .prefault({}),
    }),
  },
  jobs: {
    path: "/apis/batch/v1/jobs",
    item: z.object({
      metadata: metadata.extend({
        ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
      }),
      status: z.object({ conditions }).prefault({}),
    }),
  },
  cronJobs: {
    path: "/apis/batch/v1/cronjobs",
    item: z.object({
      metadata,
      spec: z.object({ suspend: z.boolean().default(false) }).prefault({}),
    }),
  },
  policies: {
    path: "/apis/networking.k8s.io/v1/networkpolicies",
    item: z.object({
      metadata,
      spec: z.object({
        podSelector: z.record(z.string(), z.unknown()).default({}),
        policyTypes: z.array(z.string()).default([]),
        ingress: z.array(z.unknown()).default([]),
        egress: z.array(z.unknown()).default([]),
      }),
    }),
  },
  slices: {
    path: "/apis/discovery.k8s.io/v1/endpointslices",
    item: z.object({
      metadata,
      endpoints: z
        .array(
          z.object({
            addresses: z.array(z.string()),
            conditions: z.object({ ready: z.boolean().nullish() }).prefault({}),
          }),
        )
        .nullish()
        .transform((all) => all ?? []),
    }),
  },
  certificates: {
    path: "/apis/cert-manager.io/v1/certificates",
    item: z.object({
      metadata,
      status: z.object({ conditions, notAfter: z.string().optional() }).prefault({}),
    }),
  },
} as const;

export type Kind = keyof typeof KINDS;
export type Item<K extends Kind> = z.output<(typeof KINDS)[K]["item"]>;
