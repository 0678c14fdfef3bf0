import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { jobsPod, type OwnParts, secretVariable, serviceHost } from "../../shared/pods";
import { POSTGRES } from "../postgres";
import { BACKUP, SECRETS } from "./names";

export type Variable = k8s.types.input.core.v1.EnvVar;

/** An S3 bucket without its keys, which are in the Secret. */
export interface Bucket {
  /** URL of the S3 endpoint. */
  readonly endpoint: pulumi.Input<string>;
  /** Region that S3 requests are signed for. */
  readonly region: pulumi.Input<string>;
  /** Name of the bucket. */
  readonly bucket: pulumi.Input<string>;
}

/** What is backed up, for how long, and where drills restore it: arguments of the backups and of each pod. */
export interface BackupScope {
  /** Names of the databases to back up. */
  readonly databases: readonly string[];
  /** Days after which a backup is removed; the newest good one always stays. More days need more space. */
  readonly retentionDays: number;
  /**
   * The volume of a drill's scratch server. It must hold the restored databases, or the drill fails.
   * @default for `storageClass`: the cluster's default
   */
  readonly scratch: { readonly size: string; readonly storageClass?: string | undefined };
}

/** Name and key of the Secret with the superuser's password, which only restores use. */
export interface SuperuserSecret {
  /** Name of the Secret. */
  readonly secret: pulumi.Input<string>;
  /** The password's key in the Secret. */
  readonly key: string;
}

/** Arguments that all backup pods share. */
export interface BackupPodArgs extends BackupScope {
  /** PostgreSQL's namespace. */
  readonly namespace: pulumi.Input<string>;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** PostgreSQL's image; a restore drill runs its scratch server from it. */
  readonly postgresImage: pulumi.Input<string>;
  /** The bucket that backups are written to and restored from. */
  readonly store: Bucket;
  /** Whether the certificate of the bucket's store is of a CA of its own. */
  readonly storeHasOwnCa: boolean;
  /** The bucket for off-site copies; undefined for none. `prefix` separates clusters that share the bucket. */
  readonly offsite:
    | (Bucket & {
        readonly prefix: string;
        /** Whether there is a key of its own for deletions off-site. */
        readonly prunesByOwnKey: boolean;
      })
    | undefined;
  /** The PostgreSQL login that makes backups. */
  readonly user: string;
  /** The superuser's password, which only restores use. */
  readonly superuser: SuperuserSecret;
}

const AUTHORITIES = "/etc/trellis/authorities";

/** Files of the ConfigMap with the CA certificates. */
export const AUTHORITY_FILES = { postgres: "postgres.crt", store: "object-storage.crt" } as const;

const secret = (name: string, key?: string): Variable => secretVariable(name, BACKUP.secret, key);

/** Environment of the backup bucket. */
const storeVariables = ({ store }: BackupPodArgs): Variable[] => [
  { name: "BACKUP_S3_ENDPOINT", value: store.endpoint },
  { name: "BACKUP_S3_REGION", value: store.region },
  { name: "BACKUP_S3_BUCKET", value: store.bucket },
  secret(SECRETS.accessKey),
  secret(SECRETS.secretKey),
];

/** Environment for the leader, by a host name that its certificate contains. */
const leader = ({ namespace }: BackupPodArgs, user: string): Variable[] => [
  { name: "BACKUP_SERVER_HOST", value: serviceHost(POSTGRES.primary, namespace) },
  { name: "BACKUP_SERVER_PORT", value: String(POSTGRES.ports.postgres) },
  { name: "BACKUP_SERVER_USER", value: user },
  { name: "BACKUP_SERVER_SSLMODE", value: "verify-full" },
  { name: "BACKUP_SERVER_SSLROOTCERT", value: `${AUTHORITIES}/${AUTHORITY_FILES.postgres}` },
];

/** Environment of `create`, which reads from a replica if Patroni reports a good one, otherwise from the leader. */
export const sourceVariables = (args: BackupPodArgs): Variable[] => [
  ...leader(args, args.user),
  secret(SECRETS.serverPassword),
  {
    name: "BACKUP_PATRONI_URL",
    value: pulumi.interpolate`https://${serviceHost(POSTGRES.headless, args.namespace)}:${POSTGRES.ports.rest}`,
  },
  { name: "BACKUP_PATRONI_CACERT", value: `${AUTHORITIES}/${AUTHORITY_FILES.postgres}` },
  { name: "BACKUP_DATABASES", value: args.databases.join() },
  { name: "BACKUP_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
];

/** Environment for the leader as superuser: no other login can create databases and give them to their owners. */
export const restoreVariables = (args: BackupPodArgs): Variable[] => [
  ...leader(args, "postgres"),
  secretVariable("BACKUP_SERVER_PASSWORD", args.superuser.secret, args.superuser.key),
  // For restores from off-site copies: the runbook derives their pod from this one.
  secretVariable(SECRETS.offsiteIdentity, BACKUP.offsiteKeySecret),
];

const offsiteVariables = (offsite: NonNullable<BackupPodArgs["offsite"]>): Variable[] => [
  { name: "BACKUP_OFFSITE_ENDPOINT", value: offsite.endpoint },
  { name: "BACKUP_OFFSITE_REGION", value: offsite.region },
  { name: "BACKUP_OFFSITE_BUCKET", value: offsite.bucket },
  { name: "BACKUP_OFFSITE_PREFIX", value: offsite.prefix },
];

/** Environment of `copy`, which writes off-site. */
export function copyVariables({ offsite }: BackupPodArgs): Variable[] {
  if (!offsite) return [];
  return [
    ...offsiteVariables(offsite),
    secret(SECRETS.offsiteAccessKey),
    secret(SECRETS.offsiteSecretKey),
    secret(SECRETS.offsiteRecipient),
    ...(offsite.prunesByOwnKey ? [{ name: "BACKUP_KEEP_OLD", value: "true" }] : []),
  ];
}

/** Environment of `prune-copies`, the only pod with a key that can delete off-site. */
export function pruneVariables({ offsite }: BackupPodArgs): Variable[] {
  if (!offsite) return [];
  return [
    ...offsiteVariables(offsite),
    secretVariable(SECRETS.offsiteAccessKey, BACKUP.pruneSecret),
    secretVariable(SECRETS.offsiteSecretKey, BACKUP.pruneSecret),
  ];
}

/** A pod that runs `jobs backup <words>`. */
export const backupPod = (args: BackupPodArgs, own: OwnParts): k8s.types.input.core.v1.PodSpec =>
  jobsPod(
    {
      domain: "backup",
      image: args.image,
      serviceAccount: BACKUP.serviceAccount,
      reads: [
        { volume: { name: "authorities", configMap: { name: BACKUP.authorities } }, folder: AUTHORITIES },
      ],
    },
    {
      ...own,
      environment: [
        ...storeVariables(args),
        ...(args.storeHasOwnCa
          ? [{ name: "NODE_EXTRA_CA_CERTS", value: `${AUTHORITIES}/${AUTHORITY_FILES.store}` }]
          : []),
        ...own.environment,
      ],
    },
  );
