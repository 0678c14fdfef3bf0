import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  apart,
  JOBS_USER,
  MOVES_SOON,
  restrictedContainer,
  restrictedPod,
  SCRATCH,
} from "../../../shared/pods";
import { ETCD_FOLDER, etcdEnvironment, secretVolume } from "../job-pod";
import { LABELS, POSTGRES } from "../names";

export interface WatcherPodArgs {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** Name of the PostgreSQL cluster in etcd. */
  readonly scope: string;
  /** Client addresses of etcd's members, each as host:port. */
  readonly etcdHosts: pulumi.Input<readonly string[]>;
  /** Name of the Secret with `ca.crt`, `tls.crt` and `tls.key` for etcd. */
  readonly etcdCertificate: pulumi.Input<string>;
  /** Digest of the certificates; a change rolls the watchers. */
  readonly certificateDigest: pulumi.Input<string>;
  /** Name of the Secret with the password of etcd's user; undefined where etcd has no users. */
  readonly etcdPassword: pulumi.Input<string> | undefined;
}

/** The pod of one watcher of the leader key; it runs `jobs postgres discover`. */
export function watcherPod(args: WatcherPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  const probe = (path: string, periodSeconds: number) => ({
    httpGet: { path, port: "health" },
    periodSeconds,
    timeoutSeconds: 3,
  });
  return {
    metadata: {
      labels: LABELS.discovery,
      annotations: {
        "trellis/certificate-digest": args.certificateDigest,
        "prometheus.io/scrape": "true",
        "prometheus.io/port": String(POSTGRES.ports.podMetrics),
      },
    },
    spec: {
      serviceAccountName: POSTGRES.discovery,
      // This is the only pod of the namespace that uses the Kubernetes API.
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      priorityClassName: "trellis-data", // without it no client finds a new leader
      securityContext: restrictedPod(JOBS_USER),
      affinity: { podAntiAffinity: apart(LABELS.discovery, false) },
      tolerations: MOVES_SOON,
      containers: [
        {
          name: "watcher",
          image: args.image,
          args: ["postgres", "discover"],
          ports: [{ name: "health", containerPort: POSTGRES.ports.podMetrics }],
          env: [
            { name: "NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
            { name: "PATRONI_SCOPE", value: args.scope },
            { name: "DISCOVERY_PRIMARY", value: POSTGRES.primary },
            { name: "DISCOVERY_REPLICA", value: POSTGRES.replica },
            { name: "DISCOVERY_PORT", value: String(POSTGRES.ports.podMetrics) },
            ...etcdEnvironment(args.etcdHosts, args.etcdPassword),
          ],
          securityContext: restrictedContainer,
          resources: { requests: { cpu: "25m", memory: "96Mi" }, limits: { memory: "192Mi" } },
          livenessProbe: { ...probe("/healthz", 10), failureThreshold: 3 },
          readinessProbe: probe("/readyz", 5),
          volumeMounts: [{ name: "etcd-certificate", mountPath: ETCD_FOLDER, readOnly: true }, SCRATCH.mount],
        },
      ],
      volumes: [secretVolume("etcd-certificate", args.etcdCertificate), SCRATCH.volume],
    },
  };
}
