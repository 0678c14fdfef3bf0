import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { hostOf, POSTGRES } from "../postgres";
import { BACKUP, SECRETS } from "./names";

export type Variable = k8s.types.input.core.v1.EnvVar;

/** A bucket, but for its keys, which are in the Secret. */
export interface Bucket {
  readonly endpoint: pulumi.Input<string>;
  readonly region: pulumi.Input<string>;
  readonly bucket: pulumi.Input<string>;
}

/** What all pods of the backups share. */
export interface BackupPodArgs {
  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** PostgreSQL's own image, of which a drill makes a scratch server. */
  readonly postgresImage: pulumi.Input<string>;
  readonly store: Bucket;
  /** Where copies go; `prefix` keeps clusters apart that share the bucket. */
  readonly offsite: (Bucket & { readonly prefix: string }) | undefined;
  /** Who makes backups. */
  readonly user: string;
  /** The databases that are backed up. */
  readonly databases: readonly string[];
  readonly retentionDays: number;
  /** Where the superuser's password is, which restores need. */
  readonly superuser: { readonly secret: pulumi.Input<string>; readonly key: string };
  /** The volume of a drill's scratch server. */
  readonly scratch: { readonly size: string; readonly storageClass?: string | undefined };
}

const AUTHORITIES = "/etc/trellis/authorities";

/** The files of the ConfigMap of authorities. */
export const AUTHORITY_FILES = { postgres: "postgres.crt", store: "object-storage.crt" } as const;

export const secret = (name: string, key: string = name): Variable => ({
  name,
  valueFrom: { secretKeyRef: { name: BACKUP.secret, key } },
});

/** The bucket of the backups. */
export const storeVariables = ({ store }: BackupPodArgs): Variable[] => [
  { name: "BACKUP_S3_ENDPOINT", value: store.endpoint },
  { name: "BACKUP_S3_REGION", value: store.region },
  { name: "BACKUP_S3_BUCKET", value: store.bucket },
  secret(SECRETS.accessKey),
  secret(SECRETS.secretKey),
];

/** The leader, by the name that its certificate holds. */
const leader = (user: string): Variable[] => [
  { name: "BACKUP_SERVER_HOST", value: hostOf(POSTGRES.primary) },
  { name: "BACKUP_SERVER_PORT", value: String(POSTGRES.ports.postgres) },
  { name: "BACKUP_SERVER_USER", value: user },
  { name: "BACKUP_SERVER_SSLMODE", value: "verify-full" },
  { name: "BACKUP_SERVER_SSLROOTCERT", value: `${AUTHORITIES}/${AUTHORITY_FILES.postgres}` },
];

/** A source for `create`: a replica where Patroni knows of a good one, else the leader. */
export const sourceVariables = ({ user, databases }: BackupPodArgs): Variable[] => [
  ...leader(user),
  secret(SECRETS.serverPassword),
  { name: "BACKUP_PATRONI_URL", value: `https://${hostOf(POSTGRES.headless)}:${POSTGRES.ports.rest}` },
  { name: "BACKUP_PATRONI_CACERT", value: `${AUTHORITIES}/${AUTHORITY_FILES.postgres}` },
  { name: "BACKUP_DATABASES", value: databases.join() },
  { name: "BACKUP_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
];

/** The leader as its superuser, who alone can make databases and give them to their owners. */
export const restoreVariables = ({ superuser }: BackupPodArgs): Variable[] => [
  ...leader("postgres"),
  {
    name: "BACKUP_SERVER_PASSWORD",
    valueFrom: { secretKeyRef: { name: superuser.secret, key: superuser.key } },
  },
  {
    name: SECRETS.offsiteIdentity, // for restores from the copies, which the runbook makes of this pod
    valueFrom: { secretKeyRef: { name: BACKUP.offsiteKeySecret, key: SECRETS.offsiteIdentity } },
  },
];

export function offsiteVariables({ offsite }: BackupPodArgs): Variable[] {
  if (!offsite) return [];
  return [
    { name: "BACKUP_OFFSITE_ENDPOINT", value: offsite.endpoint },
    { name: "BACKUP_OFFSITE_REGION", value: offsite.region },
    { name: "BACKUP_OFFSITE_BUCKET", value: offsite.bucket },
    { name: "BACKUP_OFFSITE_PREFIX", value: offsite.prefix },
    secret(SECRETS.offsiteAccessKey),
    secret(SECRETS.offsiteSecretKey),
    secret(SECRETS.offsiteRecipient),
  ];
}

export interface OwnParts {
  readonly container: string;
  /** What follows `jobs backup`. */
  readonly words: readonly string[];
  readonly environment: readonly Variable[];
  readonly memory: readonly [request: string, limit: string];
  readonly cpu: string;
  /** Ports and probes. */
  readonly serving?: Pick<k8s.types.input.core.v1.Container, "ports" | "livenessProbe" | "readinessProbe">;
}

/** A pod that runs `jobs backup <words>`. */
export function backupPod(args: BackupPodArgs, own: OwnParts): k8s.types.input.core.v1.PodSpec {
  return {
    serviceAccountName: BACKUP.serviceAccount,
    automountServiceAccountToken: false, // nothing here talks to Kubernetes
    enableServiceLinks: false,
    securityContext: restrictedPod(JOBS_USER),
    containers: [
      {
        name: own.container,
        image: args.image,
        args: ["backup", ...own.words],
        securityContext: restrictedContainer,
        env: [
          { name: "LOG_FORMAT", value: "json" },
          ...storeVariables(args),
          { name: "NODE_EXTRA_CA_CERTS", value: `${AUTHORITIES}/${AUTHORITY_FILES.store}` },
          ...own.environment,
        ],
        resources: {
          requests: { cpu: own.cpu, memory: own.memory[0] },
          limits: { memory: own.memory[1] },
        },
        ...own.serving,
        volumeMounts: [{ name: "authorities", mountPath: AUTHORITIES, readOnly: true }, SCRATCH.mount],
      },
    ],
    volumes: [{ name: "authorities", configMap: { name: BACKUP.authorities } }, SCRATCH.volume],
  };
}
