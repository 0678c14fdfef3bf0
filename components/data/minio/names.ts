/** What the parts of object storage are called in the cluster. */
export const MINIO = {
  statefulSet: "minio",
  /** Gives each server a name of its own in DNS; the servers know each other by these. */
  headless: "minio",
  /** For clients. */
  api: "minio-api",
  console: "minio-console",
  serviceAccount: "minio",
  rootSecret: "minio-root",
  certificateSecret: "minio-certificate",
  /** The authority alone, for those who only check. */
  authoritySecret: "minio-authority",
  metricsSecret: "minio-metrics",
  provision: "minio-provision",
  ports: { api: 9000, console: 9001 },
} as const;

/** The namespace that the foundation gives to object storage; names in certificates and addresses end in it. */
export const MINIO_NAMESPACE = "storage";

/** What S3 clients call a server that stands in no region. */
export const REGION = "us-east-1";

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

/** Each kind of pod has a name of its own, so that no selector of one finds another. */
export const LABELS = {
  servers: { "app.kubernetes.io/name": MINIO.statefulSet, ...PART_OF },
  /** The headless Service alone, behind which a collector finds every server. */
  peers: {
    "app.kubernetes.io/name": MINIO.statefulSet,
    "app.kubernetes.io/component": "peers",
    ...PART_OF,
  },
  provision: { "app.kubernetes.io/name": MINIO.provision, ...PART_OF },
} as const;

/** The whole name of a service, which resolves from every namespace and stands in the servers' certificate. */
export function hostOf(service: string, namespace: string = MINIO_NAMESPACE): string {
  return `${service}.${namespace}.svc.cluster.local`;
}

/** All names under which clients and servers reach a server; its certificate holds them. */
export function serverNames(namespace: string = MINIO_NAMESPACE): string[] {
  return [
    ...[MINIO.api, MINIO.console, MINIO.headless].flatMap((service) => [
      service,
      `${service}.${namespace}`,
      `${service}.${namespace}.svc`,
      hostOf(service, namespace),
    ]),
    `*.${hostOf(MINIO.headless, namespace)}`,
    "localhost",
  ];
}
