import * as pulumi from "@pulumi/pulumi";
import type { KubernetesName } from "../../settings";
import { Archive, type ArchiveArgs, BaseBackups } from "./archive";
import { ACCESSES, type Access, ApplicationDatabases, type DatabaseSettings, Pooler } from "./databases";
import { LeaderDiscovery } from "./discovery";
import { PASSWORD_VARIABLES } from "./logins";
import { PostgresCluster, type PostgresClusterArgs } from "./members";
import { hostOf, POSTGRES } from "./names";

export interface PostgresArgs
  extends Pick<
    PostgresClusterArgs,
    | "namespace"
    | "scope"
    | "replicas"
    | "synchronous"
    | "strictSpread"
    | "cpuMillis"
    | "memoryMib"
    | "volumeGib"
    | "pods"
    | "servers"
    | "nodePorts"
    | "etcd"
    | "certificate"
    | "protection"
  > {
  /**
   * StorageClass of the members' volumes and of a recovery server's. A change has no effect on existing members.
   * @default the cluster's default
   */
  readonly storageClass?: KubernetesName | undefined;

  /** The images that the pods run. */
  readonly images: {
    /** The members' image, with PostgreSQL, Patroni, pgBackRest and PgBouncer. */
    readonly postgres: pulumi.Input<string>;
    /** The jobs image; its entrypoint is `jobs`. */
    readonly jobs: pulumi.Input<string>;
    /** The members' image with the jobs in it; needed with an archive. @default none: no base backups are made */
    readonly recovery?: pulumi.Input<string>;
  };

  /**
   * The applications' databases by name, with their extensions, their connection limits and the epoch of their
   * passwords.
   */
  readonly databases: DatabaseSettings;

  /**
   * Increment to get a new login, with a new password, for backups. The previous one works until the next increment.
   */
  readonly backupEpoch: number;

  /**
   * Whether `write` connections go through PgBouncer in transaction mode. More clients then share fewer sessions, but
   * session state such as `SET` does not last beyond a transaction.
   */
  readonly pooling: boolean;

  /**
   * Where WAL and base backups are stored, so that any moment can be recovered.
   * @default none: no moment can be recovered
   */
  readonly archive?: ArchiveArgs | undefined;
}

/**
 * Creates a highly available PostgreSQL: Patroni members, Services that follow the leader, and a database and logins
 * for each application. Optional are PgBouncer, and an archive with which any moment can be recovered.
 */
export class Postgres extends pulumi.ComponentResource {
  /** Connection string of the newest login, by database and access; secret. */
  readonly connections: Readonly<Record<string, Readonly<Record<Access, pulumi.Output<string>>>>>;

  /** CA certificate (PEM) with which clients verify the server: the content of `sslrootcert`. */
  readonly authority: pulumi.Output<string>;

  /** Depend on this to wait until the databases and logins exist. */
  readonly made: pulumi.Resource;

  /** The login that makes backups. It can read every database, and may log in only from pods. */
  readonly backup: { readonly user: string; readonly password: pulumi.Output<string> };

  /**
   * Name and key of the Secret with the superuser's password: for restores, which create databases and give them to
   * their owners.
   */
  readonly superuser: { readonly secret: pulumi.Output<string>; readonly key: string };

  /** Passphrases that decrypt the archive, by repository; secret. Keep a copy outside of the cluster. */
  readonly archivePassphrases: readonly pulumi.Output<string>[];

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:Postgres", name, {}, opts);
    const { namespace, scope, images, databases } = args;
    const child = { parent: this };

    const archive =
      args.archive && new Archive(`${name}-archive`, { ...args, ...args.archive, stanza: scope }, child);
    this.archivePassphrases = archive?.passphrases ?? [];
    const cluster = new PostgresCluster(
      `${name}-cluster`,
      { ...args, image: images.postgres, archive },
      child,
    );
    const { secrets, certificateDigest, dynamicConfiguration } = cluster;

    const discovery = new LeaderDiscovery(
      `${name}-discovery`,
      {
        namespace,
        scope,
        certificateDigest,
        image: images.jobs,
        etcdHosts: args.etcd.hosts,
        etcdCertificate: secrets.etcdCertificate,
        etcdPassword: args.etcd.password === undefined ? undefined : secrets.passwords,
      },
      child,
    );

    const made = new ApplicationDatabases(
      `${name}-databases`,
      {
        ...secrets,
        namespace,
        databases,
        backupEpoch: args.backupEpoch,
        dynamicConfiguration,
        image: images.jobs,
      },
      { parent: this, dependsOn: [cluster.members, ...discovery.services] },
    );
    this.made = made.made;
    this.backup = made.backup;
    this.superuser = { secret: pulumi.output(secrets.passwords), key: PASSWORD_VARIABLES.superuser };

    if (args.archive && archive && images.recovery) {
      new BaseBackups(
        `${name}-base-backups`,
        {
          ...args,
          ...secrets,
          archive,
          image: images.recovery,
          client: { authority: args.certificate.authority, pair: args.archive.client },
          storageClass: args.storageClass,
          monitoring: args.archive.monitoring,
        },
        { parent: this, dependsOn: cluster.members },
      );
    }

    if (args.pooling) {
      new Pooler(
        `${name}-pooler`,
        {
          namespace,
          certificateDigest,
          image: images.postgres,
          credentials: made.credentials,
          serverCertificate: secrets.serverCertificate,
          maxConnections: dynamicConfiguration.postgresql.parameters.max_connections,
        },
        child,
      );
    }

    // Only writers use the pooler: migrations take locks that belong to a session, and readers go to the replicas.
    const host = (access: Access) =>
      access === "write" && args.pooling ? hostOf(POSTGRES.pooler) : undefined;
    // A connection string resolves only once its database exists, because a component's `dependsOn` does not reach its
    // children.
    const afterwards = (connection: pulumi.Output<string>) =>
      pulumi.all([connection, this.made.urn]).apply(([known]) => known);
    this.connections = Object.fromEntries(
      Object.keys(databases).map((database) => [
        database,
        Object.fromEntries(
          ACCESSES.map((access) => [access, afterwards(made.connection(database, access, host(access)))]),
        ) as Record<Access, pulumi.Output<string>>, // safe: the keys are all accesses
      ]),
    );
    this.authority = pulumi.output(args.certificate.authority);
    this.registerOutputs({});
  }
}
