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
  readonly storageClass?: KubernetesName | undefined;

  readonly images: {
    /** PostgreSQL, Patroni, pgBackRest and PgBouncer. */
    readonly postgres: pulumi.Input<string>;
    /** The jobs; its entrypoint is `jobs`. */
    readonly jobs: pulumi.Input<string>;
    /** The members' image with the jobs in it; needed with an archive. */
    readonly recovery?: pulumi.Input<string>;
  };

  /** The applications' databases. */
  readonly databases: DatabaseSettings;

  /** Raised to give the login that makes backups a new password. */
  readonly backupEpoch: number;

  /** Whether writers share sessions through PgBouncer. */
  readonly pooling: boolean;

  /** Where the log is archived to, so that any moment can be recovered. @default nowhere */
  readonly archive?: ArchiveArgs | undefined;
}

/** PostgreSQL that survives: its members, the way to the leader, the databases, and the way in for applications. */
export class Postgres extends pulumi.ComponentResource {
  /** By database and access, the connection string of the newest login; secret. */
  readonly connections: Readonly<Record<string, Readonly<Record<Access, pulumi.Output<string>>>>>;

  /** The authority by which clients know the server; what their `sslrootcert` holds. */
  readonly authority: pulumi.Output<string>;

  /** For what needs its database. */
  readonly made: pulumi.Resource;

  /** Who makes backups: reads everything in every database, and comes from the pods alone. */
  readonly backup: { readonly user: string; readonly password: pulumi.Output<string> };

  /** Where the superuser's password is: for restores, which make databases and give them to their owners. */
  readonly superuser: { readonly secret: pulumi.Output<string>; readonly key: string };

  /** What decrypts the archive, by repository; to be kept outside of the cluster. */
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

    // Migrations take locks that belong to a session, and readers go to the replicas: neither is for the pooler.
    const host = (access: Access) =>
      access === "write" && args.pooling ? hostOf(POSTGRES.pooler) : undefined;
    // Whoever holds one waits for its database: a component's own dependencies do not reach its children.
    const afterwards = (connection: pulumi.Output<string>) =>
      pulumi.all([connection, this.made.urn]).apply(([known]) => known);
    this.connections = Object.fromEntries(
      Object.keys(databases).map((database) => [
        database,
        Object.fromEntries(
          ACCESSES.map((access) => [access, afterwards(made.connection(database, access, host(access)))]),
        ) as Record<Access, pulumi.Output<string>>, // the keys are all accesses
      ]),
    );
    this.authority = pulumi.output(args.certificate.authority);
    this.registerOutputs({});
  }
}
