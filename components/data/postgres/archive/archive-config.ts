/** An S3 bucket that takes backups and the log, as far as a file may name it: the keys come by the environment. */
export interface Repository {
  /** Such as https://minio-api.storage.svc.cluster.local:9000. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** How buckets are addressed: MinIO by path, most others by a name of their own. */
  readonly addressing: "path" | "host";
  /** The authority that signed the store's certificate; absent where the system's own suffice. */
  readonly authorityFile?: string;
  /** Full backups that are kept, each with all of the log since the oldest: so far back reaches recovery. */
  readonly keepFull: number;
  /** Differential backups that are kept; more make a recovery shorter, not the window longer. */
  readonly keepDifferential: number;
}

/** Where pgBackRest finds its certificates, as a server beside a member or as that server's client. */
export interface ArchiveCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export interface ArchiveConfigArgs {
  /** The name of the cluster in the repositories. */
  readonly stanza: string;
  /** The first takes all that is taken automatically; a second one lies off the cluster. */
  readonly repositories: readonly [Repository, ...Repository[]];
  /** The bytes of finished log that a leader keeps for a store that does not answer, before it lets them go. */
  readonly queueBytes: number;
  readonly processes: number;
  /** Folders that may be empty after each start. */
  readonly spool: string;
  readonly locks: string;
  /** Whose configuration this is: a member's, or that of a pod which makes backups over the network. */
  readonly seat: MemberSeat | BackupSeat;
}

export interface MemberSeat {
  readonly kind: "member";
  readonly data: string;
  readonly sockets: string;
  readonly port: number;
}

export interface BackupSeat {
  readonly kind: "backup";
  /** All members, whoever leads: pgBackRest finds out for itself. */
  readonly members: readonly {
    readonly host: string;
    readonly serverPort: number;
    readonly data: string;
    readonly sockets: string;
    readonly port: number;
  }[];
  readonly certificates: ArchiveCertificates;
}

/** The server beside a member, which reads out its data for a backup that another pod makes. */
export interface ArchiveServerArgs {
  readonly stanza: string;
  readonly member: Omit<MemberSeat, "kind">;
  readonly server: { readonly address: string; readonly port: number };
  readonly certificates: ArchiveCertificates;
  readonly locks: string;
}

/** The common name of the one client to whom a member's server opens. */
export const BACKUP_CLIENT = "pgbackrest";

/** The file that pgBackRest reads without being told. */
export const ARCHIVE_CONFIG_FILE = "pgbackrest.conf";

/** The file of the server beside a member, which lies next to it. */
export const ARCHIVE_SERVER_CONFIG_FILE = "server.conf";

/** The variables of a repository's secrets; in the file they would stand in clear. */
export function repositoryVariables(index: number) {
  const prefix = `PGBACKREST_REPO${index}`;
  return {
    accessKey: `${prefix}_S3_KEY`,
    secretKey: `${prefix}_S3_KEY_SECRET`,
    cipherPass: `${prefix}_CIPHER_PASS`,
  } as const;
}

/** pgbackrest.conf; it holds no secret. */
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
    // A member that is down, or alone, keeps nobody from a backup.
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
    "archive-timeout=20", // a member that is being stopped waits for the archiver
    "",
    `[${stanza}]`,
    ...(seat.kind === "member" ? ownOptions(seat) : memberOptions(seat)),
    "",
  ].join("\n");
}

/**
 * What a member's server reads. It names no repository: pgBackRest demands the passphrase of each that its file names, and
 * the server, which is reached over the network, is given none.
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
    `${name}-block=y`, // a differential backup stores the changed parts of a large file, not the file
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

/** What Patroni has to know of the archive. */
export interface Archiving {
  readonly stanza: string;
  /** The script of the image that closes the gap which a dead leader left; its own place in the image. */
  readonly closeGap: string;
  /** The place of the data, whose log the script looks through. */
  readonly data: string;
  /** A cluster that is made anew begins with what the archive held at this moment, instead of empty. */
  readonly recoverTo?: RecoveryTarget | undefined;
}

/** The last that the archive holds, or a moment with its time zone, such as 2026-11-21T10:00:00Z. */
export type RecoveryTarget = "latest" | (string & {});

/**
 * A quiet leader closes its segment of the log after this long. What the loss of every server may cost is this and the
 * time of an upload.
 */
const ARCHIVE_TIMEOUT_SECONDS = 30;

/** A replica does not wait longer for the archive when there is a leader to ask. */
const STORE_ANSWERS_SECONDS = 15;

/** PostgreSQL's parameters for archiving. */
export function archiveParameters({ stanza }: Archiving) {
  return {
    archive_mode: "on",
    archive_command: `${pgbackrest(stanza)} archive-push "%p"`,
    archive_timeout: ARCHIVE_TIMEOUT_SECONDS,
    track_commit_timestamp: "on", // so that one can ask when a row was written before choosing a moment
  } as const;
}

/**
 * How a member that is behind gets segments that its leader no longer has. It asks the archive before it asks the leader, so
 * a store that is away must not hold up its start; asked again it is all the same.
 */
export function restoreCommand({ stanza }: Archiving): string {
  return `timeout ${STORE_ANSWERS_SECONDS} ${pgbackrest(stanza)} archive-get %f "%p"`;
}

/** What of Patroni's `postgresql` section is about the archive: replicas from it, and the leader's duty at promotion. */
export function archiveSection(archiving: Archiving) {
  const { stanza, closeGap, data } = archiving;
  return {
    // From the store, which costs the leader nothing; from the leader where the store has no backup or does not answer.
    create_replica_methods: ["pgbackrest", "basebackup"],
    pgbackrest: {
      // Asked first, since pgBackRest itself waits for minutes for a store that does not answer.
      command:
        `/bin/sh -c 'timeout ${STORE_ANSWERS_SECONDS} ${pgbackrest(stanza)} --repo=1 repo-get backup/${stanza}/backup.info ` +
        `> /dev/null && exec ${pgbackrest(stanza)} --repo=1 --delta --log-level-console=warn restore'`,
      keep_data: true, // pgBackRest compares, and fetches what differs
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
  // To PostgreSQL a segment that cannot be fetched is the end of the log, so a store that stumbles gets all the time it needs.
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

/** As pgBackRest and PostgreSQL read it. */
const moment = (given: string) => new Date(given).toISOString().replace("T", " ").replace("Z", "+00");

const pgbackrest = (stanza: string) => `pgbackrest --stanza=${stanza}`;
