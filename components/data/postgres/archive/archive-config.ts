import { ARCHIVE_TIMEOUT_SECONDS } from "../../../settings";

/** An S3 bucket for base backups and WAL, without its keys, which come from the environment. */
export interface Repository {
  /** URL of the S3 endpoint, such as https://minio-api.storage.svc.cluster.local:9000. */
  readonly endpoint: string;
  /** Region that S3 requests are signed for. */
  readonly region: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** Whether the bucket's name is in the URL's path, as with MinIO, or in its host name, as with most other stores. */
  readonly addressing: "path" | "host";
  /** File with the CA certificate that signed the store's certificate. @default none: the system's trust store */
  readonly authorityFile?: string;
  /** How many full backups to keep, with all WAL since the oldest of them. Recovery reaches back that far. */
  readonly keepFull: number;
  /** How many differential backups to keep. More make a recovery shorter, but do not make it reach back further. */
  readonly keepDifferential: number;
}

/** Paths of pgBackRest's certificates, for the server next to a member or for a client of that server. */
export interface ArchiveCertificates {
  /** CA certificate that verifies the other side. */
  readonly authority: string;
  /** Own certificate. */
  readonly certificate: string;
  /** Private key of the certificate. */
  readonly key: string;
}

export interface ArchiveConfigArgs {
  /** Name of the cluster in the repositories. */
  readonly stanza: string;
  /** The first is in the cluster, and standbys are restored from it. A second one is off the cluster. */
  readonly repositories: readonly [Repository, ...Repository[]];
  /**
   * Bytes of finished WAL that a leader keeps while a store does not answer. When they are exceeded, pgBackRest drops
   * WAL and the archive has a gap.
   */
  readonly queueBytes: number;
  /** How many processes compress and transfer files. More are faster and use more CPU. */
  readonly processes: number;
  /** Folder for prefetched WAL and the status of archived WAL; may be empty after each start. */
  readonly spool: string;
  /** Folder for lock files; may be empty after each start. */
  readonly locks: string;
  /** Who reads the configuration: a member, or a pod that makes backups over the network. */
  readonly seat: MemberSeat | BackupSeat;
}

/** A member, which reads its own data. */
export interface MemberSeat {
  /** Selects the options of a member. */
  readonly kind: "member";
  /** PostgreSQL's data directory. */
  readonly data: string;
  /** Folder of PostgreSQL's unix socket. */
  readonly sockets: string;
  /** PostgreSQL's port. */
  readonly port: number;
}

/** A pod that makes backups, and reads a member's data over the network. */
export interface BackupSeat {
  /** Selects the options of a backup pod. */
  readonly kind: "backup";
  /** All members; pgBackRest itself finds out which one leads. */
  readonly members: readonly {
    readonly host: string;
    readonly serverPort: number;
    readonly data: string;
    readonly sockets: string;
    readonly port: number;
  }[];
  /** The certificates with which the pod connects to the members' servers. */
  readonly certificates: ArchiveCertificates;
}

/**
 * Arguments of pgBackRest's server next to a member. It reads the member's data for a backup that another pod makes.
 */
export interface ArchiveServerArgs {
  /** Name of the cluster in the repositories. The backup client may access this stanza alone. */
  readonly stanza: string;
  /** The member whose data the server reads. */
  readonly member: Omit<MemberSeat, "kind">;
  /** Listen address and port of the server. */
  readonly server: { readonly address: string; readonly port: number };
  /** The server's certificate, and the CA that verifies its client. */
  readonly certificates: ArchiveCertificates;
  /** Folder for lock files; may be empty after each start. */
  readonly locks: string;
}

/** Common name of the only client that a member's server accepts. */
export const BACKUP_CLIENT = "pgbackrest";

/** The configuration file that pgBackRest reads by default. */
export const ARCHIVE_CONFIG_FILE = "pgbackrest.conf";

/** Configuration file of the server next to a member, in the same folder. */
export const ARCHIVE_SERVER_CONFIG_FILE = "server.conf";

/** Variables for a repository's secrets, which would be in clear text in the file. */
export function repositoryVariables(index: number) {
  const prefix = `PGBACKREST_REPO${index}`;
  return {
    accessKey: `${prefix}_S3_KEY`,
    secretKey: `${prefix}_S3_KEY_SECRET`,
    cipherPass: `${prefix}_CIPHER_PASS`,
  } as const;
}

/** pgbackrest.conf, without secrets. */
export function archiveConfig(args: ArchiveConfigArgs): string {
  const { stanza, repositories, seat } = args;
  return [
    `# pgBackRest of ${stanza}, rendered by Trellis. Keys and passphrases come by the environment.`,
    "[global]",
    ...repositories.flatMap((repository, index) => repositoryOptions(repository, `repo${index + 1}`, stanza)),
    "compress-type=zst",
    "compress-level=3",
    `process-max=${args.processes}`,
    "start-fast=y",
    // Prefer a standby, but also take a backup when there is none or it is down.
    "backup-standby=prefer",
    "archive-async=y",
    `archive-push-queue-max=${args.queueBytes}`,
    "archive-get-queue-max=134217728",
    `spool-path=${args.spool}`,
    `lock-path=${args.locks}`,
    "log-level-console=info",
    "log-level-file=off",
    "",
    "[global:archive-push]",
    "archive-timeout=20", // a member that shuts down waits for the archiver
    "",
    `[${stanza}]`,
    ...(seat.kind === "member" ? ownOptions(seat) : memberOptions(seat)),
    "",
  ].join("\n");
}

/**
 * Configuration of the server next to a member. It names no repository, because pgBackRest demands the passphrase of
 * each one that its file names. The server is reachable over the network and gets no passphrase.
 */
export function archiveServerConfig(args: ArchiveServerArgs): string {
  const { stanza, member, server, certificates } = args;
  return [
    `# pgBackRest's server beside a member of ${stanza}, rendered by Trellis.`,
    "[global]",
    `tls-server-address=${server.address}`,
    `tls-server-port=${server.port}`,
    `tls-server-ca-file=${certificates.authority}`,
    `tls-server-cert-file=${certificates.certificate}`,
    `tls-server-key-file=${certificates.key}`,
    `tls-server-auth=${BACKUP_CLIENT}=${stanza}`,
    `lock-path=${args.locks}`,
    "log-level-console=info",
    "log-level-file=off",
    "",
    `[${stanza}]`,
    ...ownOptions(member),
    "",
  ].join("\n");
}

function repositoryOptions(repository: Repository, name: string, stanza: string): string[] {
  const { hostname, port } = new URL(repository.endpoint);
  return [
    `${name}-type=s3`,
    `${name}-s3-endpoint=${hostname}`,
    ...(port ? [`${name}-storage-port=${port}`] : []),
    `${name}-s3-region=${repository.region}`,
    `${name}-s3-bucket=${repository.bucket}`,
    `${name}-s3-uri-style=${repository.addressing}`,
    ...(repository.authorityFile ? [`${name}-storage-ca-file=${repository.authorityFile}`] : []),
    `${name}-path=/${stanza}`,
    `${name}-cipher-type=aes-256-cbc`,
    `${name}-bundle=y`,
    `${name}-block=y`, // a differential backup stores only the changed parts of a large file
    `${name}-retention-full=${repository.keepFull}`,
    `${name}-retention-diff=${repository.keepDifferential}`,
  ];
}

function ownOptions({ data, sockets, port }: Omit<MemberSeat, "kind">): string[] {
  return [`pg1-path=${data}`, `pg1-socket-path=${sockets}`, `pg1-port=${port}`];
}

function memberOptions({ members, certificates }: BackupSeat): string[] {
  return members.flatMap(({ host, serverPort, data, sockets, port }, index) => {
    const name = `pg${index + 1}`;
    return [
      `${name}-host=${host}`,
      `${name}-host-type=tls`,
      `${name}-host-port=${serverPort}`,
      `${name}-host-ca-file=${certificates.authority}`,
      `${name}-host-cert-file=${certificates.certificate}`,
      `${name}-host-key-file=${certificates.key}`,
      `${name}-path=${data}`,
      `${name}-socket-path=${sockets}`,
      `${name}-port=${port}`,
    ];
  });
}

/** What Patroni needs for archiving and recovery. */
export interface Archiving {
  /** Name of the cluster in the repositories. */
  readonly stanza: string;
  /** Path, in the image, of the script that closes the archive gap that a dead leader left. */
  readonly closeGap: string;
  /** PostgreSQL's data directory, whose WAL the script searches. */
  readonly data: string;
  /**
   * Bootstraps a new cluster from the archive as of this moment. An existing cluster ignores it.
   * @default none: a new cluster is empty
   */
  readonly recoverTo?: RecoveryTarget | undefined;
}

/** `latest` for the end of the archive, or a moment with its time zone, such as 2026-11-21T10:00:00Z. */
export type RecoveryTarget = "latest" | (string & {});

/** How long a standby waits for the archive; it can get the WAL from the leader instead. */
const STORE_ANSWERS_SECONDS = 15;

/** PostgreSQL's parameters for archiving. */
export function archiveParameters({ stanza }: Archiving) {
  return {
    archive_mode: "on",
    archive_command: `${pgbackrest(stanza)} archive-push "%p"`,
    archive_timeout: ARCHIVE_TIMEOUT_SECONDS,
    track_commit_timestamp: "on", // shows when a row was written, before one chooses a moment
  } as const;
}

/**
 * The command with which a member that is behind gets WAL segments that its leader no longer has. PostgreSQL tries the
 * archive before the leader, so a store that does not answer must not delay the start. PostgreSQL asks again later
 * anyway.
 */
export function restoreCommand({ stanza }: Archiving): string {
  return `timeout ${STORE_ANSWERS_SECONDS} ${pgbackrest(stanza)} archive-get %f "%p"`;
}

/**
 * The archive's part of Patroni's `postgresql` section: standbys are created from the archive, and a new leader closes
 * the archive's gap.
 */
export function archiveSection(archiving: Archiving) {
  const { stanza, closeGap, data } = archiving;
  return {
    // Create standbys from the store, which puts no load on the leader. Use the leader if the store has no backup or
    // does not answer.
    create_replica_methods: ["pgbackrest", "basebackup"],
    pgbackrest: {
      // Try a short read first, because pgBackRest itself waits minutes for a store that does not answer.
      command:
        `/bin/sh -c 'timeout ${STORE_ANSWERS_SECONDS} ${pgbackrest(stanza)} --repo=1 repo-get backup/${stanza}/backup.info ` +
        `> /dev/null && exec ${pgbackrest(stanza)} --repo=1 --delta --log-level-console=warn restore'`,
      keep_data: true, // pgBackRest compares the files, and fetches those that differ
      no_params: true,
    },
    basebackup: [{ checkpoint: "fast" }],
    callbacks: { on_role_change: `/usr/bin/python3 ${closeGap} ${pgbackrest(stanza)} ${data}` },
  };
}

/** Bootstrap a new cluster from the archive. */
export function recoveryBootstrap({ stanza, recoverTo }: Archiving) {
  if (!recoverTo) return undefined;
  const target =
    recoverTo === "latest" ? "" : ` --type=time "--target=${moment(recoverTo)}" --target-action=promote`;
  // PostgreSQL takes a segment that it cannot fetch for the end of the WAL, so an unreliable store gets all the time
  // that it needs.
  const patient = `${pgbackrest(stanza)} --archive-timeout=${PATIENCE_SECONDS} archive-get %f %p`;
  return {
    method: "archive",
    archive: {
      command: `${pgbackrest(stanza)}${target} --delta "--recovery-option=restore_command=${patient}" restore`,
      keep_existing_recovery_conf: true,
      no_params: true,
    },
  };
}

/** How long a recovery waits for one segment. */
const PATIENCE_SECONDS = 900;

/** A moment in the format of pgBackRest and PostgreSQL. */
const moment = (given: string) => new Date(given).toISOString().replace("T", " ").replace("Z", "+00");

const pgbackrest = (stanza: string) => `pgbackrest --stanza=${stanza}`;
