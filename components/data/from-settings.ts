import type * as pulumi from "@pulumi/pulumi";
import type { ClusterLayer } from "../cluster";
import type { EtcdAccess, HetznerCluster } from "../servers";
import {
  archiveQueueGib,
  backupSessions,
  CRM,
  databaseSessions,
  gardenosSessions,
  mirroredBuckets,
  type OffsiteStore,
  offsiteStore,
  postgresShape,
  postgresSize,
  type Settings,
  type SettingsSecrets,
  volumesGrow,
} from "../settings";
import { BuiltImage } from "../shared/images";
import { PostgresPki } from "../shared/pki";
import { Backup } from "./backup";
import type { ObjectStorage } from "./minio";
import { ObjectMirror } from "./mirror";
import type { DataNamespace } from "./namespaces";
import { objectStorageFor } from "./object-storage";
import { PatroniEtcd } from "./patroni-etcd";
import {
  Postgres,
  type PostgresArgs,
  postgresImage,
  postgresNamespace,
  recoveryImage,
  serverNames,
} from "./postgres";

/** What the data layer passes to the systems. */
export interface DataLayer {
  /** The PostgreSQL cluster, with its databases and connection strings. */
  readonly postgres: Postgres;
  /** Object storage, with its buckets and their keys: MinIO, or another store. */
  readonly minio: ObjectStorage;
  /** The copy of object storage off the cluster. */
  readonly mirror: ObjectMirror;
  /** Absent where object storage has no bucket for backups. */
  readonly backup?: Backup | undefined;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly jobsImage: BuiltImage["reference"];
  /** The images that the program builds, by digest. */
  readonly images: Readonly<Record<keyof Images, BuiltImage["reference"]>>;
  /** Client addresses of the etcd that Patroni uses, each as host:port. */
  readonly etcdHosts: EtcdAccess["hosts"];
  /** The top-level resources of this layer. */
  readonly resources: readonly pulumi.Resource[];
}

/** The images that the program builds: jobs, PostgreSQL's members, and both in one for recovery. */
type Images = Readonly<Record<"jobs" | "postgres" | "recovery", BuiltImage>>;

/** Creates the stack's object storage, databases and backups. */
export function dataFor(
  settings: Settings,
  secrets: SettingsSecrets,
  cluster: ClusterLayer<DataNamespace>,
  servers: HetznerCluster | undefined,
): DataLayer {
  const offsite = offsiteStore(settings, secrets);
  const images = builtImages(settings, cluster);
  const minio = objectStorageFor(settings, secrets, cluster, {
    jobsImage: images.jobs.reference,
    mirrored: offsite ? mirroredBuckets(settings) : [],
  });
  const mirror = objectMirror(settings, cluster, { images, minio, offsite });
  const { etcd, certificates, resources } = servers
    ? { etcd: servers.etcd, certificates: servers.postgres, resources: [] }
    : withoutServers(settings, cluster);
  const postgres = databases(settings, cluster, { images, minio, offsite, etcd, certificates });
  const backup = backups(settings, cluster, { images, minio, offsite, postgres });
  return {
    postgres,
    minio,
    mirror,
    backup,
    jobsImage: images.jobs.reference,
    images: {
      jobs: images.jobs.reference,
      postgres: images.postgres.reference,
      recovery: images.recovery.reference,
    },
    etcdHosts: etcd.hosts,
    resources: [...Object.values(images), minio, mirror, ...resources, postgres, ...(backup ? [backup] : [])],
  };
}

function builtImages(
  { images: { repository }, postgres: { upgradeFrom } }: Settings,
  { architectures }: ClusterLayer<DataNamespace>,
): Images {
  const jobs = new BuiltImage("jobs-image", {
    repository: `${repository}-jobs`,
    context: ".",
    dockerfile: "jobs/Dockerfile",
    architectures,
  });
  const postgres = new BuiltImage(
    "postgres-image",
    postgresImage({ repository: `${repository}-postgres`, architectures, upgradeFrom }),
  );
  const recovery = new BuiltImage(
    "recovery-image",
    recoveryImage({
      repository: `${repository}-recovery`,
      architectures,
      jobs: jobs.reference,
      postgres: postgres.reference,
    }),
  );
  return { jobs, postgres, recovery };
}

function objectMirror(
  settings: Settings,
  cluster: ClusterLayer<DataNamespace>,
  { images, minio, offsite }: { images: Images; minio: ObjectStorage; offsite: OffsiteStore | undefined },
): ObjectMirror {
  return new ObjectMirror(
    "object-mirror",
    {
      namespace: cluster.namespaces.storage,
      environment: settings.environment,
      cluster: settings.cluster,
      image: images.jobs.reference,
      buckets: minio.mirrored,
      keepDays: settings.backup.deletedObjectDays,
      source: minio.mirror && { store: minio.mirror, secrets: minio.secrets },
      offsite,
      monitoring: cluster.monitoring,
      protection: cluster.protection,
    },
    { provider: cluster.provider, dependsOn: minio.made },
  );
}

function databases(
  settings: Settings,
  cluster: ClusterLayer<DataNamespace>,
  {
    images,
    minio,
    offsite,
    etcd,
    certificates,
  }: {
    images: Images;
    minio: ObjectStorage;
    offsite: OffsiteStore | undefined;
    etcd: EtcdAccess;
    certificates: PostgresPki;
  },
): Postgres {
  const { environment, postgres } = settings;
  const { replicas, synchronous } = postgresShape(settings);
  return new Postgres(
    "postgres",
    {
      namespace: cluster.namespaces.postgres,
      replicas,
      synchronous,
      failover: postgres.failover,
      parameters: postgres.parameters,
      upgradeFrom: postgres.upgradeFrom,
      ...postgresSize(settings),
      volumeGib: postgres.volumeGib,
      volumesGrow: volumesGrow(settings, postgres.storageClass),
      storageClass: postgres.storageClass,
      databases: withSessions(settings),
      supabase: settings.gardenos && {
        database: CRM.database,
        sessions: gardenosSessions(settings),
        epoch: postgres.databases[CRM.database]?.epoch ?? 1,
      },
      backupSessions: backupSessions(environment),
      pooling: postgres.pooling,
      scope: settings.cluster,
      pods: cluster.podRanges,
      servers: cluster.serverRanges,
      nodePorts: cluster.nodePorts,
      etcd,
      images: referencesOf(images),
      monitoring: cluster.monitoring,
      protection: cluster.protection,
      backupEpoch: settings.backup.epoch,
      strictSpread: environment === "prod",
      certificate: { authority: certificates.authority, pair: certificates.server },
      archive: minio.access.archive && {
        store: minio.access.archive,
        offsite,
        client: certificates.backup,
        recoverTo: postgres.recoverTo,
        queueGib: archiveQueueGib(settings),
        monitoring: cluster.monitoring,
        checks: environment === "dev" ? undefined : postgres.archiveChecks,
      },
    },
    { provider: cluster.provider },
  );
}

/** The databases, each with the most sessions that its logins may hold together. */
function withSessions(settings: Settings): PostgresArgs["databases"] {
  const sessions = databaseSessions(settings);
  return Object.fromEntries(
    Object.entries(settings.postgres.databases).map(([name, database]) => [
      name,
      { ...database, connections: sessions[name] ?? 0 },
    ]),
  );
}

/** An existing cluster gives us no access to its etcd. Patroni gets its own etcd, and PostgreSQL its own CA. */
function withoutServers(settings: Settings, cluster: ClusterLayer<DataNamespace>) {
  const etcd = new PatroniEtcd(
    "etcd",
    {
      namespace: cluster.namespaces.postgres,
      cluster: settings.cluster,
      members: postgresShape(settings).replicas > 1 ? 3 : 1,
      strictSpread: settings.environment === "prod",
      storageClass: settings.target.kind === "existing" ? settings.target.storageClass : undefined,
      certificateEpoch: settings.epochs.certificates,
      protection: cluster.protection,
    },
    { provider: cluster.provider },
  );
  const certificates = new PostgresPki("postgres-pki", {
    cluster: settings.cluster,
    names: serverNames(postgresNamespace.name),
    addresses: [],
    epoch: settings.epochs.certificates,
    protection: cluster.protection,
  });
  return { etcd, certificates, resources: [etcd, certificates] };
}

const referencesOf = ({ jobs, postgres, recovery }: Images) => ({
  jobs: jobs.reference,
  postgres: postgres.reference,
  recovery: recovery.reference,
});

function backups(
  settings: Settings,
  cluster: ClusterLayer<DataNamespace>,
  {
    images,
    minio,
    offsite,
    postgres,
  }: { images: Images; minio: ObjectStorage; offsite: OffsiteStore | undefined; postgres: Postgres },
): Backup | undefined {
  const { backups: store } = minio.access;
  if (!store) return undefined;
  const { volumeGib, storageClass, databases } = settings.postgres;
  return new Backup(
    "backup",
    {
      environment: settings.environment,
      cluster: settings.cluster,
      namespace: cluster.namespaces.postgres,
      images: referencesOf(images),
      store,
      offsite,
      postgres,
      databases: Object.keys(databases),
      retentionDays: settings.backup.retentionDays,
      scratch: { size: `${volumeGib}Gi`, storageClass },
      monitoring: cluster.monitoring,
      protection: cluster.protection,
    },
    { provider: cluster.provider, dependsOn: [postgres.made, minio.made] },
  );
}
