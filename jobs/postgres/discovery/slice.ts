import { z } from "zod";
import type { Answer, Endpoint } from "./answer";

/** The etcd revision that the endpoints were computed from. Revisions of different clusters cannot be compared. */
export interface Origin {
  readonly clusterId: string;
  readonly revision: number;
}

/** The endpoints as published in Kubernetes. */
interface PublishedAnswer extends Answer {
  /** Undefined where another writer created the slice and no watcher has written to it. */
  readonly origin: Origin | undefined;
  readonly writtenAt: number;
}

/** An EndpointSlice, parsed loosely: fields that others have set are written back unchanged. */
export type EndpointSlice = z.output<typeof endpointSlice>;

interface SliceArgs {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

const ANNOTATIONS = {
  revision: "trellis.dev/dcs-revision",
  cluster: "trellis.dev/dcs-cluster",
  leaderSince: "trellis.dev/dcs-leader-since",
  writtenAt: "trellis.dev/written-at",
} as const;

/** The slice's manager; without this label Kubernetes' own controller for slices may change it. */
const MANAGED_BY = "postgres-discovery.trellis.dev";

export const endpointSlice = z.looseObject({
  apiVersion: z.literal("discovery.k8s.io/v1"),
  kind: z.literal("EndpointSlice"),
  addressType: z.enum(["IPv4", "IPv6", "FQDN"]),
  metadata: z.looseObject({
    name: z.string(),
    resourceVersion: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        targetRef: z.looseObject({ name: z.string().optional() }).optional(),
      }),
    )
    .nullish(),
  ports: z.array(z.looseObject({ name: z.string().optional(), port: z.number().optional() })).nullish(),
});

/** The new slice, based on the existing one, whose version guards the write. */
export function renderSlice(
  { name, namespace, port }: SliceArgs,
  { endpoints, leaderSince }: Answer,
  origin: Origin,
  now: number,
  held: EndpointSlice | undefined,
): EndpointSlice {
  // The address type of a slice can never be changed.
  const addressType = held?.addressType ?? "IPv4";
  return {
    ...held,
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    addressType,
    metadata: {
      ...held?.metadata,
      name,
      namespace,
      labels: {
        ...held?.metadata.labels,
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
      },
      annotations: {
        ...held?.metadata.annotations,
        [ANNOTATIONS.revision]: String(origin.revision),
        [ANNOTATIONS.cluster]: origin.clusterId,
        [ANNOTATIONS.leaderSince]: String(leaderSince),
        [ANNOTATIONS.writtenAt]: new Date(now).toISOString(),
      },
    },
    endpoints: endpoints.filter(fits(addressType)).map(({ member, address }) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", name: member, namespace },
    })),
    ports: [{ name: "postgres", port, protocol: "TCP" }],
  };
}

export function publishedAnswer({ metadata, endpoints }: EndpointSlice): PublishedAnswer {
  const annotation = (name: keyof typeof ANNOTATIONS) => metadata.annotations?.[ANNOTATIONS[name]];
  const clusterId = annotation("cluster");
  const revision = Number(annotation("revision"));
  return {
    origin: clusterId && Number.isSafeInteger(revision) ? { clusterId, revision } : undefined,
    leaderSince: Number(annotation("leaderSince")) || 0,
    writtenAt: Date.parse(annotation("writtenAt") ?? "") || 0,
    endpoints: (endpoints ?? []).flatMap(({ addresses: [address], targetRef }) =>
      address && targetRef?.name ? [{ member: targetRef.name, address }] : [],
    ),
  };
}

/** Whether two slices are equal, apart from the time and reason of the write. */
export function saysTheSame(some: EndpointSlice, other: EndpointSlice): boolean {
  const words = ({ addressType, endpoints, ports, metadata: { labels } }: EndpointSlice) =>
    JSON.stringify([
      addressType,
      (endpoints ?? []).map(({ addresses, targetRef }) => [addresses, targetRef?.name]),
      (ports ?? []).map(({ name, port }) => [name, port]),
      Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
  return words(some) === words(other);
}

const fits =
  (addressType: EndpointSlice["addressType"]) =>
  ({ address }: Endpoint) =>
    addressType === (address.includes(":") ? "IPv6" : "IPv4");
