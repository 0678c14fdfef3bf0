import { hostOf, serviceNames } from "../../shared/pods";

/** Names of object storage's objects in the cluster. */
export const MINIO = {
  statefulSet: "minio",
  /** Headless Service, which gives each server its own DNS name. The servers reach each other by these names. */
  headless: "minio",
  /** Service for S3 clients. */
  api: "minio-api",
  console: "minio-console",
  serviceAccount: "minio",
  rootSecret: "minio-root",
  certificateSecret: "minio-certificate",
  /** Secret with the CA certificate alone, for clients that only verify. */
  authoritySecret: "minio-authority",
  metricsSecret: "minio-metrics",
  provision: "minio-provision",
  ports: { api: 9000, console: 9001 },
} as const;

/** The region that S3 clients use for a server that is in no region. */
export const REGION = "us-east-1";

const PART_OF = { "app.kubernetes.io/part-of": "trellis" } as const;

/** Each kind of pod has its own name label, so that no selector matches the pods of another kind. */
export const LABELS = {
  servers: { "app.kubernetes.io/name": MINIO.statefulSet, ...PART_OF },
  /** Labels of the headless Service alone, through which Prometheus finds every server. */
  peers: {
    "app.kubernetes.io/name": MINIO.statefulSet,
    "app.kubernetes.io/component": "peers",
    ...PART_OF,
  },
  provision: { "app.kubernetes.io/name": MINIO.provision, ...PART_OF },
} as const;

/** All host names by which clients and servers reach a server; its certificate contains them. */
export const serverNames = (namespace: string): string[] => [
  ...[MINIO.api, MINIO.console, MINIO.headless].flatMap((service) => serviceNames(service, namespace)),
  `*.${hostOf(MINIO.headless, namespace)}`,
  "localhost",
];
