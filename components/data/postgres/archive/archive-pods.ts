import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { restrictedContainer, restrictedPod, SCRATCH } from "../../../shared/pods";
import { secretVariable, secretVolume } from "../job-pod";
import { PASSWORD_VARIABLES, REWIND_USER } from "../logins";
import { hostOf, LABELS, POSTGRES } from "../names";
import { PATHS, POSTGRES_USER } from "../paths";
import { ARCHIVE_SERVER_CONFIG_FILE } from "./archive-config";

/** What a pod must know to reach the repositories. */
export interface MemberArchive {
  /** The ConfigMap with pgbackrest.conf and the authority of the store in the cluster. */
  readonly configMap: pulumi.Input<string>;
  /** The Secret with the keys, each under the variable that pgBackRest reads it from. */
  readonly keys: pulumi.Input<string>;
  /** Changes with either, since programs read both only when they start. */
  readonly digest: pulumi.Input<string>;
  /** Whether one of the repositories lies outside of the cluster. */
  readonly offsite: boolean;
}

export const ARCHIVE_PATHS = {
  config: "/etc/pgbackrest",
  authority: "/etc/pgbackrest/store.crt",
  spool: "/var/spool/pgbackrest",
  locks: "/tmp/pgbackrest",
  /** In the image. */
  closeGap: "/usr/local/lib/trellis/trellis-archive-gap.py",
  clientCertificates: "/etc/trellis/pgbackrest",
  recovery: "/var/lib/postgresql/recovery",
} as const;

/** The room that prefetched segments and the marks of archived ones need, with some to spare: over it a pod is evicted. */
const SPOOL_SIZE = "512Mi";

/** The label by which a network policy lets a pod out to a store in the world. */
export function reachesOffsite({ offsite }: MemberArchive): Record<string, string> {
  return offsite ? { "trellis/archive": "offsite" } : {};
}

export function archiveVolumes({ configMap }: MemberArchive): k8s.types.input.core.v1.Volume[] {
  return [
    { name: "archive-config", configMap: { name: configMap } },
    { name: "archive-spool", emptyDir: { sizeLimit: SPOOL_SIZE } },
  ];
}

/**
 * pgBackRest's server beside a member: who makes a backup reads the data through it, after both have shown certificates,
 * and no one needs the right to run commands in pods. It knows no key of any repository.
 */
export function archiveServer({ image }: { readonly image: pulumi.Input<string> }) {
  const ping = { exec: { command: ["/usr/bin/pgbackrest", "server-ping"] } };
  const mount = (name: string, mountPath: string, readOnly: boolean) => ({ name, mountPath, readOnly });
  return {
    name: "pgbackrest",
    image,
    command: ["/usr/bin/pgbackrest", "server"],
    // By the environment: the server hands each call to a process of its own, which the option would not reach.
    env: [{ name: "PGBACKREST_CONFIG", value: `${ARCHIVE_PATHS.config}/${ARCHIVE_SERVER_CONFIG_FILE}` }],
    ports: [{ name: "pgbackrest", containerPort: POSTGRES.ports.pgbackrest }],
    securityContext: restrictedContainer,
    resources: { requests: { cpu: "25m", memory: "64Mi" }, limits: { memory: "384Mi" } },
    livenessProbe: { ...ping, periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 4 },
    volumeMounts: [
      mount("data", PATHS.volume, true),
      mount("sockets", PATHS.sockets, false),
      mount("server-certificate", PATHS.serverCertificates, true),
      mount("archive-config", ARCHIVE_PATHS.config, true),
      SCRATCH.mount,
    ],
  };
}

export interface ArchivePodArgs {
  /** PostgreSQL and pgBackRest with the jobs, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  readonly archive: MemberArchive;
  readonly stanza: string;
}

/** A pod that makes a base backup over the network. */
export function baseBackupPod(
  args: ArchivePodArgs & {
    /** The Secret with the certificate to which the members' servers open. */
    readonly client: pulumi.Input<string>;
  },
  { type, repository }: { readonly type: "full" | "diff" | "incr"; readonly repository: number },
): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: { labels: { ...LABELS.baseBackup, ...reachesOffsite(args.archive) } },
    spec: {
      ...podOf(POSTGRES.baseBackup),
      restartPolicy: "Never",
      priorityClassName: "trellis-service",
      containers: [
        {
          name: "backup",
          image: args.image,
          args: ["backup", "base", "--type", type, "--repository", String(repository)],
          ...containerOf(args),
          resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { memory: "768Mi" } },
          volumeMounts: [
            ...mountsOf(),
            { name: "client", mountPath: ARCHIVE_PATHS.clientCertificates, readOnly: true },
            SCRATCH.mount,
          ],
        },
      ],
      volumes: [...archiveVolumes(args.archive), secretVolume("client", args.client), SCRATCH.volume],
    },
  };
}

/** A pod that tells Prometheus how far the archive reaches, and how far it is behind. */
export function archiveMonitorPod(
  args: ArchivePodArgs & {
    readonly passwords: pulumi.Input<string>;
    readonly serverCertificate: pulumi.Input<string>;
    readonly queueBytes: number;
    readonly repositories: number;
  },
): k8s.types.input.core.v1.PodTemplateSpec {
  const port = POSTGRES.ports.archiveMetrics;
  return {
    metadata: {
      labels: { ...LABELS.archive, ...reachesOffsite(args.archive) },
      annotations: {
        "trellis/archive-digest": args.archive.digest,
      },
    },
    spec: {
      ...podOf(POSTGRES.archive),
      containers: [
        {
          name: "monitor",
          image: args.image,
          args: ["backup", "serve-archive-metrics"],
          ...containerOf(args, [
            { name: "ARCHIVE_METRICS_PORT", value: String(port) },
            { name: "ARCHIVE_QUEUE_BYTES", value: String(args.queueBytes) },
            { name: "ARCHIVE_REPOSITORIES", value: String(args.repositories) },
            { name: "ARCHIVE_SERVER_HOST", value: hostOf(POSTGRES.primary) },
            // It may read the log's folder, and no table of anybody's.
            { name: "ARCHIVE_SERVER_USER", value: REWIND_USER },
            { name: "ARCHIVE_SERVER_SSLMODE", value: "verify-full" },
            { name: "ARCHIVE_SERVER_SSLROOTCERT", value: `${PATHS.serverCertificates}/ca.crt` },
            secretVariable("ARCHIVE_SERVER_PASSWORD", args.passwords, PASSWORD_VARIABLES.rewind),
          ]),
          ports: [{ name: "metrics", containerPort: port }],
          resources: { requests: { cpu: "25m", memory: "128Mi" }, limits: { memory: "256Mi" } },
          livenessProbe: {
            httpGet: { path: "/health", port: "metrics" },
            periodSeconds: 30,
            timeoutSeconds: 10,
          },
          volumeMounts: [
            ...mountsOf(),
            { name: "authority", mountPath: PATHS.serverCertificates, readOnly: true },
            SCRATCH.mount,
          ],
        },
      ],
      volumes: [
        ...archiveVolumes(args.archive),
        {
          name: "authority",
          secret: { secretName: args.serverCertificate, items: [{ key: "ca.crt", path: "ca.crt" }] },
        },
        SCRATCH.volume,
      ],
    },
  };
}

/**
 * A server of its own that shows a moment of the past, for whoever scales it up and names the moment; it never meets the
 * running cluster.
 */
export function recoveryPod(
  args: ArchivePodArgs & {
    readonly volumeGib: number;
    readonly storageClass: string | undefined;
    readonly cpuMillis: number;
    readonly memoryMib: number;
  },
): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: { labels: { ...LABELS.recovery, ...reachesOffsite(args.archive) } },
    spec: {
      ...podOf(POSTGRES.recovery),
      priorityClassName: "trellis-service",
      terminationGracePeriodSeconds: 60,
      containers: [
        {
          name: "recovery",
          image: args.image,
          args: ["backup", "pitr", "--into", `${ARCHIVE_PATHS.recovery}/data`, "--serve", "--force"],
          ...containerOf(args, [{ name: "PITR_BIN_DIR", value: PATHS.programs }]),
          resources: {
            requests: { cpu: `${args.cpuMillis}m`, memory: `${args.memoryMib}Mi` },
            limits: { memory: `${args.memoryMib}Mi` },
          },
          volumeMounts: [
            ...mountsOf(),
            { name: "recovery", mountPath: ARCHIVE_PATHS.recovery },
            { name: "sockets", mountPath: PATHS.sockets },
            SCRATCH.mount,
          ],
        },
      ],
      volumes: [
        ...archiveVolumes(args.archive),
        { name: "recovery", ephemeral: { volumeClaimTemplate: { spec: recoveryClaim(args) } } },
        { name: "sockets", emptyDir: {} },
        SCRATCH.volume,
      ],
    },
  };
}

function recoveryClaim({ volumeGib, storageClass }: { volumeGib: number; storageClass: string | undefined }) {
  return {
    accessModes: ["ReadWriteOnce"],
    ...(storageClass && { storageClassName: storageClass }),
    resources: { requests: { storage: `${volumeGib}Gi` } },
  };
}

const podOf = (serviceAccountName: string) => ({
  serviceAccountName,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: restrictedPod(POSTGRES_USER),
});

const containerOf = (
  { archive, stanza }: ArchivePodArgs,
  further: k8s.types.input.core.v1.EnvVar[] = [],
) => ({
  env: [{ name: "ARCHIVE_STANZA", value: stanza }, ...further],
  envFrom: [{ secretRef: { name: archive.keys } }],
  securityContext: restrictedContainer,
});

const mountsOf = () => [
  { name: "archive-config", mountPath: ARCHIVE_PATHS.config, readOnly: true },
  { name: "archive-spool", mountPath: ARCHIVE_PATHS.spool },
];
