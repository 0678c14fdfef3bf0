import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  restrictedContainer,
  restrictedPod,
  SCRATCH,
  secretVariable,
  serviceHost,
} from "../../../shared/pods";
import { secretVolume } from "../job-pod";
import { PASSWORD_VARIABLES, REWIND_USER } from "../logins";
import { LABELS, POSTGRES } from "../names";
import { PATHS, POSTGRES_USER } from "../paths";
import { ARCHIVE_SERVER_CONFIG_FILE } from "./archive-config";

/** What a pod needs to reach the repositories. */
export interface MemberArchive {
  /** Name of the ConfigMap with pgbackrest.conf and the CA certificate of the store in the cluster. */
  readonly configMap: pulumi.Input<string>;
  /** Name of the Secret with the keys, each under the variable from which pgBackRest reads it. */
  readonly keys: pulumi.Input<string>;
  /** Digest of both, which replaces the pods on a change: programs read both only when they start. */
  readonly digest: pulumi.Input<string>;
  /** Whether one of the repositories is outside of the cluster. */
  readonly offsite: boolean;
  /** Bytes of finished WAL that a leader keeps while no store answers, where its volume has the room. */
  readonly queueBytes: number;
}

export const ARCHIVE_PATHS = {
  config: "/etc/pgbackrest",
  authority: "/etc/pgbackrest/store.crt",
  spool: "/var/spool/pgbackrest",
  locks: "/tmp/pgbackrest",
  /** Part of the image. */
  closeGap: "/usr/local/lib/trellis/trellis-archive-gap.py",
  clientCertificates: "/etc/trellis/pgbackrest",
  recovery: "/var/lib/postgresql/recovery",
} as const;

/**
 * Space for prefetched segments and the status files of archived ones, with some reserve. A pod that exceeds it is
 * evicted.
 */
const SPOOL_SIZE = "512Mi";

/** The label by which a network policy allows a pod egress to a store on the internet. */
export function reachesOffsite({ offsite }: MemberArchive): Record<string, string> {
  return offsite ? { "trellis/archive": "offsite" } : {};
}

export function archiveVolumes({ configMap }: MemberArchive): k8s.types.input.core.v1.Volume[] {
  return [
    { name: "archive-config", configMap: { name: configMap } },
    { name: "archive-spool", emptyDir: { sizeLimit: SPOOL_SIZE } },
  ];
}

/** A backup compresses with a quarter of a core at least. */
const GUARANTEED = { cpu: "250m", memory: "384Mi" };

/**
 * pgBackRest's server next to a member. The pod that makes a backup reads the data through it, and both verify the
 * other's certificate. So nobody needs permission to run commands in pods. The server has no key of any repository.
 */
export function archiveServer({
  image,
  guaranteed,
}: {
  readonly image: pulumi.Input<string>;
  /** Whether the pod has the quality of service Guaranteed, which needs limits on CPU too. */
  readonly guaranteed: boolean;
}) {
  const ping = { exec: { command: ["/usr/bin/pgbackrest", "server-ping"] } };
  const mount = (name: string, mountPath: string, readOnly: boolean) => ({ name, mountPath, readOnly });
  return {
    name: "pgbackrest",
    image,
    command: ["/usr/bin/pgbackrest", "server"],
    // Set by variable, because the server starts a process for each call, which a command-line option would not reach.
    env: [{ name: "PGBACKREST_CONFIG", value: `${ARCHIVE_PATHS.config}/${ARCHIVE_SERVER_CONFIG_FILE}` }],
    ports: [{ name: "pgbackrest", containerPort: POSTGRES.ports.pgbackrest }],
    securityContext: restrictedContainer,
    resources: guaranteed
      ? { requests: GUARANTEED, limits: GUARANTEED }
      : { requests: { cpu: "25m", memory: "64Mi" }, limits: { memory: "384Mi" } },
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
  /** Image with PostgreSQL, pgBackRest and the jobs; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** The repositories' configuration and keys. */
  readonly archive: MemberArchive;
  /** Name of the cluster in the repositories. */
  readonly stanza: string;
}

/** A pod that makes a base backup over the network. */
export function baseBackupPod(
  args: ArchivePodArgs & {
    /** Name of the Secret with the client certificate that the members' servers accept. */
    readonly client: pulumi.Input<string>;
  },
  {
    type,
    repository,
    upgraded = false,
  }: {
    readonly type: "full" | "diff" | "incr";
    readonly repository: number;
    /** Whether the cluster has another major release than its archive. @default false */
    readonly upgraded?: boolean;
  },
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
          args: [
            ...["backup", "base", "--type", type, "--repository", String(repository)],
            ...(upgraded ? ["--upgraded"] : []),
          ],
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

/** A pod that exports how far the archive reaches, and how far it is behind, to Prometheus. */
export function archiveMonitorPod(
  args: ArchivePodArgs & {
    readonly namespace: pulumi.Input<string>;
    readonly passwords: pulumi.Input<string>;
    readonly serverCertificate: pulumi.Input<string>;
    readonly queueBytes: number;
    readonly repositories: number;
    readonly records: k8s.types.input.core.v1.EnvVar[];
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
            { name: "ARCHIVE_SERVER_HOST", value: serviceHost(POSTGRES.primary, args.namespace) },
            // This login can list the WAL folder, but cannot read any application's tables.
            { name: "ARCHIVE_SERVER_USER", value: REWIND_USER },
            { name: "ARCHIVE_SERVER_SSLMODE", value: "verify-full" },
            { name: "ARCHIVE_SERVER_SSLROOTCERT", value: `${PATHS.serverCertificates}/ca.crt` },
            secretVariable("ARCHIVE_SERVER_PASSWORD", args.passwords, PASSWORD_VARIABLES.rewind),
            ...args.records,
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
 * A separate server with the data of a past moment, for a person who scales it up and chooses the moment. It never
 * connects to the running cluster.
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

/** A pod that verifies a repository, or recovers a moment of it and reads every row. */
export function archiveCheckPod(
  args: ArchivePodArgs & {
    readonly records: k8s.types.input.core.v1.EnvVar[];
    readonly volumeGib: number;
    readonly storageClass: string | undefined;
  },
  { check, repository }: { readonly check: "verify" | "drill"; readonly repository: number },
): k8s.types.input.core.v1.PodTemplateSpec {
  const drill = check === "drill";
  return {
    metadata: { labels: { ...LABELS.archive, ...reachesOffsite(args.archive), "trellis/check": check } },
    spec: {
      ...podOf(POSTGRES.archive),
      restartPolicy: "Never",
      priorityClassName: "trellis-job",
      containers: [
        {
          name: check,
          image: args.image,
          args: ["backup", `${check}-archive`, "--repository", String(repository)],
          ...containerOf(args, [
            ...args.records,
            ...(drill
              ? [
                  { name: "PITR_BIN_DIR", value: PATHS.programs },
                  { name: "PITR_INTO", value: `${ARCHIVE_PATHS.recovery}/data` },
                ]
              : []),
          ]),
          resources: { requests: { cpu: "100m", memory: "512Mi" }, limits: { memory: "1Gi" } },
          volumeMounts: [
            ...mountsOf(),
            ...(drill ? [{ name: "recovery", mountPath: ARCHIVE_PATHS.recovery }] : []),
            SCRATCH.mount,
          ],
        },
      ],
      volumes: [
        ...archiveVolumes(args.archive),
        ...(drill
          ? [{ name: "recovery", ephemeral: { volumeClaimTemplate: { spec: recoveryClaim(args) } } }]
          : []),
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
