import type * as k8s from "@pulumi/kubernetes";
import { Backup } from "./components/backup";
import type { PostgresPki } from "./components/cluster";
import type { Foundation } from "./components/foundation";
import { BuiltImage, type BuiltImageArgs } from "./components/image";
import { MinIO } from "./components/minio";
import { Postgres, type PostgresArgs, postgresImage, recoveryImage } from "./components/postgres";
import { minioShape, postgresShape, type Settings, type SettingsSecrets } from "./components/settings";
import { airflowFor, dataSurface, rainTracker } from "./systems";

/** What a cluster gives to all that runs on it, whoever looks after its servers. */
export interface Ground extends Pick<PostgresArgs, "etcd" | "nodePorts" | "pods" | "servers"> {
  readonly provider: k8s.Provider;
  readonly namespaces: Foundation["namespaces"];
  /** The processors of its nodes. */
  readonly architectures: BuiltImageArgs["architectures"];
  /** The certificates of PostgreSQL. */
  readonly certificates: PostgresPki;
  /** What is said of an Ingress so that somebody makes its certificate. */
  readonly certificateAnnotations: Readonly<Record<string, string>>;
  /** Whether the ingress is K3s' Traefik, which our objects can tell to trust a console's certificate. */
  readonly consoles: boolean;
  /** Whether Prometheus' operator is there. */
  readonly monitoring: boolean;
  /** Whether the engine refuses to delete or replace what could not be made again. */
  readonly protection: boolean;
}

/** Storage, databases, backups, and the systems at work on them: the same on every cluster. */
export function workloads(settings: Settings, secrets: SettingsSecrets, ground: Ground) {
  const { environment, domain } = settings;
  const {
    provider,
    namespaces,
    architectures,
    certificates,
    certificateAnnotations,
    monitoring,
    protection,
  } = ground;

  const { repository } = settings.images;
  const jobs = new BuiltImage("jobs-image", {
    repository: `${repository}-jobs`,
    context: ".",
    dockerfile: "jobs/Dockerfile",
    architectures,
  });
  const { memoryMib, ...layout } = minioShape(settings);
  const minio = new MinIO(
    "minio",
    {
      ...settings.minio,
      namespace: namespaces.storage,
      cluster: settings.cluster,
      layout,
      memoryMib,
      strictSpread: environment === "prod",
      jobsImage: jobs.reference,
      certificateEpoch: settings.epochs.certificates,
      ...(ground.consoles && { consoleHost: `minio-console.${domain}` }),
      certificateAnnotations,
      monitoring,
      protection,
    },
    { provider },
  );

  const members = new BuiltImage(
    "postgres-image",
    postgresImage({ repository: `${repository}-postgres`, architectures }),
  );
  const images = { jobs: jobs.reference, postgres: members.reference };
  const recovery = new BuiltImage(
    "recovery-image",
    recoveryImage({ repository: `${repository}-recovery`, architectures, ...images }),
  );
  const postgres = new Postgres(
    "postgres",
    {
      ...settings.postgres,
      ...postgresShape(settings),
      ...ground,
      namespace: namespaces.postgres,
      scope: settings.cluster,
      images: { ...images, recovery: recovery.reference },
      backupEpoch: settings.backup.epoch,
      strictSpread: environment === "prod",
      certificate: { authority: certificates.authority, pair: certificates.server },
      archive: minio.access.archive && {
        store: minio.access.archive,
        offsite: offsiteStore(settings, secrets),
        client: certificates.backup,
        recoverTo: settings.postgres.recoverTo,
        monitoring,
      },
    },
    { provider },
  );

  const { backups: store } = minio.access;
  const { volumeGib, storageClass, databases } = settings.postgres;
  const backup =
    store &&
    new Backup(
      "backup",
      {
        ...{ environment, images, store, postgres, monitoring },
        namespace: namespaces.postgres,
        cluster: settings.cluster,
        databases: Object.keys(databases),
        retentionDays: settings.backup.retentionDays,
        scratch: { size: `${volumeGib}Gi`, storageClass },
        offsite: offsiteStore(settings, secrets),
      },
      { provider, dependsOn: [postgres.made, minio.made] },
    );

  const inside = { provider, monitoring, certificateAnnotations, protection };
  const ingestion = dataSurface(settings, secrets, postgres, {
    ...inside,
    namespaces,
    image: jobs.reference,
  });
  const airflow = airflowFor(settings, secrets, postgres, ingestion, {
    ...inside,
    namespace: namespaces.airflow,
    logs: minio.access.airflow,
  });
  const rain = rainTracker(settings, postgres, {
    ...inside,
    namespace: namespaces.rain,
    image: jobs.reference,
  });

  const resources = [jobs, minio, members, recovery, postgres, backup, ingestion, airflow, rain];
  const outputs = {
    endpoints: {
      ...(airflow && { airflow: airflow.endpoint }),
      ...(rain && { rain: rain.endpoint }),
      ...(minio.console && { objectStorageConsole: minio.console }),
    },
    postgres: {
      connections: postgres.connections,
      authority: postgres.authority,
      archivePassphrases: postgres.archivePassphrases,
    },
    objectStorage: { endpoint: minio.endpoint, authority: minio.authority, root: minio.root },
    ...(airflow && { airflowAdminPassword: airflow.adminPassword }),
  };
  return { outputs, resources };
}

/** Storage off the cluster with its keys, where the settings give one. */
function offsiteStore({ offsite }: Settings, { offsiteAccessKey, offsiteSecretKey }: SettingsSecrets) {
  if (!offsite || !offsiteAccessKey || !offsiteSecretKey) return undefined;
  return { ...offsite, accessKey: offsiteAccessKey, secretKey: offsiteSecretKey };
}
