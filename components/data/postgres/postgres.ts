import * as pulumi from "@pulumi/pulumi";
import { monitorWorkload } from "../../cluster";
import { VolumeGrowth } from "../volumes";
import { Archive, BaseBackups, type PostgresArchiveArgs } from "./archive";
import {
  ACCESSES,
  type Access,
  ApplicationDatabases,
  type DatabaseSettings,
  Pooler,
  type SupabaseAccess,
} from "./databases";
import { LeaderDiscovery } from "./discovery";
import { PASSWORD_VARIABLES } from "./logins";
import { type MembersArgs, PostgresCluster } from "./members";
import { postgresMonitoring } from "./monitoring";
import { claimName, POSTGRES } from "./names";
import { DATABASES } from "./namespace";
import { MajorUpgrade } from "./upgrade";

export interface PostgresArgs extends MembersArgs {
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

  /** Whether Prometheus runs in the cluster. @default false */
  readonly monitoring?: boolean;

  /** Supabase's services of a database. @default none */
  readonly supabase?: SupabaseAccess | undefined;

  /**
   * Increment to get a new login, with a new password, for backups. The previous one works until the next increment.
   */
  readonly backupEpoch: number;

  /**
   * Sessions that the backup login may hold over all databases. A dump takes six, and a second one beside it as many.
   * @default 10
   */
  readonly backupSessions?: number;

  /**
   * Whether `write` connections go through PgBouncer in transaction mode. More clients then share fewer sessions, but
   * session state such as `SET` does not last beyond a transaction.
   */
  readonly pooling: boolean;

  /**
   * Where WAL and base backups are stored, so that any moment can be recovered.
   * @default none: no moment can be recovered
   */
  readonly archive?: PostgresArchiveArgs | undefined;
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

  /** The newest login of each of Supabase's services; each resolves once the logins exist. */
  readonly supabase: ApplicationDatabases["supabase"];

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
    const archive = this.archive(name, args);
    this.archivePassphrases = archive?.passphrases ?? [];
    const cluster = this.cluster(name, args, archive);
    this.superuser = {
      secret: pulumi.output(cluster.secrets.passwords),
      key: PASSWORD_VARIABLES.superuser,
    };
    this.volumes(name, args, cluster);
    const discovery = this.discovery(name, args, cluster);
    const databases = this.databases(name, args, { cluster, discovery });
    this.made = databases.made;
    this.backup = databases.backup;
    this.supabase = databases.supabase;
    if (args.archive && archive && args.images.recovery) {
      this.baseBackups(name, args, {
        cluster,
        archive,
        image: args.images.recovery,
        client: args.archive.client,
        monitoring: args.archive.monitoring,
        checks: args.archive.checks,
      });
    }
    if (args.upgradeFrom !== undefined && args.images.recovery) {
      this.majorUpgrade(name, args, { cluster, image: args.images.recovery, from: args.upgradeFrom });
    }
    if (args.monitoring) this.monitoring(name, args);
    if (args.pooling) this.pooler(name, args, { cluster, databases });
    this.connections = this.connectionsOf(args, databases);
    this.authority = pulumi.output(args.certificate.authority);
    this.registerOutputs({
      connections: this.connections,
      authority: this.authority,
      backup: this.backup,
      superuser: this.superuser,
      archivePassphrases: this.archivePassphrases,
    });
  }

  private archive(
    name: string,
    { archive, namespace, scope, replicas, protection }: PostgresArgs,
  ): Archive | undefined {
    if (!archive) return undefined;
    const { store, offsite, recoverTo, queueGib } = archive;
    return new Archive(
      `${name}-archive`,
      { namespace, stanza: scope, store, offsite, recoverTo, replicas, queueGib, protection },
      { parent: this },
    );
  }

  private cluster(name: string, args: PostgresArgs, archive: Archive | undefined): PostgresCluster {
    return new PostgresCluster(
      `${name}-cluster`,
      {
        namespace: args.namespace,
        image: args.images.postgres,
        scope: args.scope,
        replicas: args.replicas,
        synchronous: args.synchronous,
        failover: args.failover,
        parameters: args.parameters,
        strictSpread: args.strictSpread,
        cpuMillis: args.cpuMillis,
        memoryMib: args.memoryMib,
        guaranteed: args.guaranteed,
        volumeGib: args.volumeGib + (args.archive?.queueGib ?? 0),
        storageClass: args.storageClass,
        pods: args.pods,
        servers: args.servers,
        nodePorts: args.nodePorts,
        etcd: args.etcd,
        certificate: args.certificate,
        archive,
        protection: args.protection,
      },
      { parent: this },
    );
  }

  private volumes(name: string, args: PostgresArgs, { members }: PostgresCluster): void {
    const gib = args.volumeGib + (args.archive?.queueGib ?? 0);
    new VolumeGrowth(
      `${name}-volumes`,
      {
        namespace: args.namespace,
        workload: POSTGRES.statefulSet,
        image: args.images.jobs,
        claims: Object.fromEntries(
          Array.from({ length: args.replicas }, (_, ordinal) => [claimName(ordinal), gib]),
        ),
        setting: "postgres.volumeGib",
        grows: args.volumesGrow,
      },
      { parent: this, dependsOn: members },
    );
  }

  /** The Services that follow the leader. */
  private discovery(
    name: string,
    { namespace, scope, images, etcd }: PostgresArgs,
    { secrets, certificateDigest }: PostgresCluster,
  ): LeaderDiscovery {
    return new LeaderDiscovery(
      `${name}-discovery`,
      {
        namespace,
        scope,
        certificateDigest,
        image: images.jobs,
        etcdHosts: etcd.hosts,
        etcdCertificate: secrets.etcdCertificate,
        etcdPassword: etcd.password === undefined ? undefined : secrets.passwords,
      },
      { parent: this },
    );
  }

  private databases(
    name: string,
    { namespace, databases, supabase, backupEpoch, backupSessions, images }: PostgresArgs,
    { cluster, discovery }: { readonly cluster: PostgresCluster; readonly discovery: LeaderDiscovery },
  ): ApplicationDatabases {
    const { secrets, dynamicConfiguration, members } = cluster;
    return new ApplicationDatabases(
      `${name}-databases`,
      {
        namespace,
        databases,
        supabase,
        backupEpoch,
        backupSessions: backupSessions ?? USUAL_BACKUP_SESSIONS,
        dynamicConfiguration,
        image: images.jobs,
        passwords: secrets.passwords,
        serverCertificate: secrets.serverCertificate,
      },
      { parent: this, dependsOn: [members, ...discovery.services] },
    );
  }

  private baseBackups(
    name: string,
    args: PostgresArgs,
    { cluster, archive, image, client, monitoring, checks }: BaseBackupParts,
  ): void {
    new BaseBackups(
      `${name}-base-backups`,
      {
        namespace: args.namespace,
        image,
        archive,
        client: { authority: args.certificate.authority, pair: client },
        passwords: cluster.secrets.passwords,
        serverCertificate: cluster.secrets.serverCertificate,
        volumeGib: args.volumeGib,
        storageClass: args.storageClass,
        cpuMillis: args.cpuMillis,
        memoryMib: args.memoryMib,
        checks,
        upgrading: args.upgradeFrom !== undefined,
        monitoring,
      },
      { parent: this, dependsOn: cluster.members },
    );
  }

  private majorUpgrade(
    name: string,
    { namespace, scope, etcd, memoryMib }: PostgresArgs,
    {
      cluster,
      image,
      from,
    }: { readonly cluster: PostgresCluster; readonly image: pulumi.Input<string>; readonly from: number },
  ): void {
    new MajorUpgrade(
      `${name}-upgrade`,
      {
        ...{ namespace, image, from, scope, memoryMib },
        etcdHosts: etcd.hosts,
        etcdHasUsers: etcd.password !== undefined,
        secrets: cluster.secrets,
      },
      { parent: this },
    );
  }

  private monitoring(name: string, { replicas, synchronous, namespace, pooling }: PostgresArgs): void {
    const facts = { namespace: DATABASES.namespace, replicas, synchronous: synchronous !== false, pooling };
    for (const monitoring of postgresMonitoring(facts)) {
      monitorWorkload(`${name}-${monitoring.workload}`, { namespace, monitoring }, { parent: this });
    }
  }

  private pooler(
    name: string,
    { namespace, images, databases: settings, monitoring }: PostgresArgs,
    { cluster, databases }: { readonly cluster: PostgresCluster; readonly databases: ApplicationDatabases },
  ): void {
    const { secrets, certificateDigest } = cluster;
    new Pooler(
      `${name}-pooler`,
      {
        namespace,
        certificateDigest,
        image: images.postgres,
        exporter: monitoring ? images.jobs : undefined,
        credentials: databases.credentials,
        serverCertificate: secrets.serverCertificate,
        databases: settings,
      },
      { parent: this },
    );
  }

  private connectionsOf(
    { databases: settings, pooling }: PostgresArgs,
    databases: ApplicationDatabases,
  ): Postgres["connections"] {
    // Only writers use the pooler: migrations take locks that belong to a session, and readers go to the replicas.
    const service = (access: Access) => (access === "write" && pooling ? POSTGRES.pooler : undefined);
    // A connection string resolves only once its database exists, because a component's `dependsOn` does not reach its
    // children.
    const afterwards = (connection: pulumi.Output<string>) =>
      pulumi.all([connection, databases.made.urn]).apply(([known]) => known);
    return Object.fromEntries(
      Object.keys(settings).map((database) => [
        database,
        Object.fromEntries(
          ACCESSES.map((access) => [
            access,
            afterwards(databases.connection(database, access, service(access))),
          ]),
        ) as Record<Access, pulumi.Output<string>>, // safe: the keys are all accesses
      ]),
    );
  }
}

/** A dump, its verification and a dump by hand may run at the same time. */
const USUAL_BACKUP_SESSIONS = 10;

/** What base backups are made of and with, beyond PostgreSQL's own arguments. */
interface BaseBackupParts {
  readonly cluster: PostgresCluster;
  readonly archive: Archive;
  /** Image with PostgreSQL, pgBackRest and the jobs. */
  readonly image: pulumi.Input<string>;
  /** The client certificate that the members' servers accept. */
  readonly client: PostgresArchiveArgs["client"];
  /** Whether Prometheus runs in the cluster. */
  readonly monitoring: boolean;
  /** When the archive is checked. */
  readonly checks: PostgresArchiveArgs["checks"];
}
