import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { apart, restrictedContainer, restrictedPod, SCRATCH } from "../../../shared/pods";
import { ARCHIVE_PATHS, archiveServer, archiveVolumes, type MemberArchive, reachesOffsite } from "../archive";
import { secretVolume } from "../job-pod";
import { LABELS, POSTGRES } from "../names";
import { PATHS, POSTGRES_USER } from "../paths";
import { memberEnvironment } from "./member-environment";

export interface MemberPodArgs {
  readonly image: pulumi.Input<string>;
  readonly namespace: string;
  /** Holds patroni.yml; its digest makes a changed configuration a rolling restart. */
  readonly configMap: pulumi.Input<string>;
  readonly configDigest: pulumi.Input<string>;
  /** Holds the passwords, each under the name of the variable that Patroni reads it from. */
  readonly passwords: pulumi.Input<string>;
  /** Hold `ca.crt`, `tls.crt` and `tls.key`. */
  readonly serverCertificate: pulumi.Input<string>;
  readonly etcdCertificate: pulumi.Input<string>;
  /** Makes renewed certificates a rolling restart: Patroni reads its own only when it starts. */
  readonly certificateDigest: pulumi.Input<string>;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  /** One member a server, or the pod waits; otherwise only as far as there are servers. */
  readonly strictSpread: boolean;
  /** Where the log goes; absent, there is no archive. */
  readonly archive?: MemberArchive | undefined;
}

/** Shared memory of parallel queries, which the container's own limit of 64 MiB would cut short. */
const SHARED_MEMORY = "256Mi";

/** The time that a member has to hand over its lead and to shut PostgreSQL down in order. */
const TERMINATION_SECONDS = 120;

export function memberPod(args: MemberPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  const { ports } = POSTGRES;
  const volume = (name: string, mountPath: string, readOnly = false) => ({ name, mountPath, readOnly });
  return {
    metadata: {
      labels: { ...LABELS.members, ...(args.archive && reachesOffsite(args.archive)) },
      annotations: {
        "trellis/config-digest": args.configDigest,
        "trellis/certificate-digest": args.certificateDigest,
        ...(args.archive && { "trellis/archive-digest": args.archive.digest }),
      },
    },
    spec: {
      serviceAccountName: POSTGRES.serviceAccount,
      enableServiceLinks: false,
      automountServiceAccountToken: false, // Patroni talks to etcd, not to Kubernetes
      priorityClassName: "trellis-data",
      securityContext: restrictedPod(POSTGRES_USER),
      terminationGracePeriodSeconds: TERMINATION_SECONDS,
      affinity: { podAntiAffinity: apart(LABELS.members, args.strictSpread) },
      containers: [
        {
          name: "postgres",
          image: args.image,
          args: [`${PATHS.config}/patroni.yml`],
          ports: [
            { name: "postgres", containerPort: ports.postgres },
            { name: "patroni", containerPort: ports.rest },
          ],
          env: memberEnvironment(args.namespace),
          envFrom: [
            { secretRef: { name: args.passwords } },
            ...(args.archive ? [{ secretRef: { name: args.archive.keys } }] : []),
          ],
          securityContext: restrictedContainer,
          resources: {
            requests: { cpu: `${args.cpuMillis}m`, memory: `${args.memoryMib}Mi` },
            limits: { memory: `${args.memoryMib}Mi` },
          },
          startupProbe: probe("/liveness", { periodSeconds: 5, failureThreshold: 24 }),
          // Patroni's own answer: its loop runs. A member without a leader is alive, and killing it would help nobody.
          livenessProbe: probe("/liveness", { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
          readinessProbe: probe("/readiness", { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 }),
          volumeMounts: [
            volume("data", PATHS.volume),
            volume("config", PATHS.config, true),
            volume("server-certificate", PATHS.serverCertificates, true),
            volume("etcd-certificate", PATHS.etcdCertificates, true),
            volume("sockets", PATHS.sockets),
            volume("shared-memory", "/dev/shm"),
            ...(args.archive
              ? [
                  volume("archive-config", ARCHIVE_PATHS.config, true),
                  volume("archive-spool", ARCHIVE_PATHS.spool),
                ]
              : []),
            SCRATCH.mount,
          ],
        },
        ...(args.archive ? [archiveServer(args)] : []),
      ],
      volumes: [
        { name: "config", configMap: { name: args.configMap } },
        secretVolume("server-certificate", args.serverCertificate),
        secretVolume("etcd-certificate", args.etcdCertificate),
        { name: "sockets", emptyDir: {} },
        { name: "shared-memory", emptyDir: { medium: "Memory", sizeLimit: SHARED_MEMORY } },
        ...(args.archive ? archiveVolumes(args.archive) : []),
        SCRATCH.volume,
      ],
    },
  };
}

function probe(path: string, timing: Record<string, number>): k8s.types.input.core.v1.Probe {
  return { httpGet: { path, port: "patroni", scheme: "HTTPS" }, ...timing };
}
