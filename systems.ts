import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Airflow, POD_RUNNERS } from "./components/airflow";
import { DATASURFACE, DataSurface, deployedModel, loginOf, loginsFor } from "./components/datasurface";
import type { Foundation } from "./components/foundation";
import type { ObjectStoreAccess } from "./components/minio";
import { hostOf, POSTGRES, type Postgres } from "./components/postgres";
import { RainTracker } from "./components/rain";
import { airflowProcesses, type Settings, type SettingsSecrets } from "./components/settings";

// The systems at work on the platform: each from the settings, and from what the platform gives it.

/** Where a system is deployed. */
interface Site {
  readonly provider: k8s.Provider;
  /** Whether Prometheus' operator is there. */
  readonly monitoring: boolean;
  /** What is said of an Ingress so that somebody makes its certificate. */
  readonly certificateAnnotations: Readonly<Record<string, string>>;
  /** Whether the engine refuses to delete or replace what could not be made again. */
  readonly protection: boolean;
}

/** Ingestion, where the settings ask for it; its jobs are run by Airflow. */
export function dataSurface(
  { airflow, datasurface }: Settings,
  { gitToken, sourcePasswords }: SettingsSecrets,
  postgres: Postgres,
  {
    monitoring,
    namespaces,
    image,
    provider,
  }: Omit<Site, "certificateAnnotations" | "protection"> & {
    namespaces: Foundation["namespaces"];
    image: pulumi.Output<string>;
  },
): DataSurface | undefined {
  if (!datasurface) return undefined;
  const { model, origin } = deployedModel(datasurface);
  const host = hostOf(POSTGRES.primary);
  const { connections } = postgres;
  const { logins } = datasurface;
  const customers = connections.customer_db?.migrate; // the simulator makes its tables itself
  return new DataSurface(
    "datasurface",
    {
      ...{ model, origin, image, monitoring },
      namespace: namespaces.datasurface,
      mergeHost: host,
      authorities: postgres.authority,
      credentials: loginsFor(model, { host, connections, logins, passwords: sourcePasswords }),
      ...(gitToken && { gitToken }),
      ...(airflow.slackChannel && { slackChannel: airflow.slackChannel }),
      airflow: { namespace: namespaces.airflow, accounts: POD_RUNNERS },
      ...(customers && {
        simulator: {
          ...datasurface.simulator,
          source: { host, database: "customer_db" },
          login: loginOf(customers),
        },
      }),
    },
    { provider },
  );
}

/** A run of ingestion holds a session for its lock and one for its work; one more is for a person who looks on. */
const runsAtOnce = (sessions: number) => Math.max(1, Math.floor((sessions - 1) / 2));

/** Airflow runs where the settings declare its database. */
export function airflowFor(
  settings: Settings,
  { slackToken }: SettingsSecrets,
  postgres: Postgres,
  ingestion: DataSurface | undefined,
  {
    namespace,
    logs,
    monitoring,
    certificateAnnotations,
    protection,
    provider,
  }: Site & { namespace: pulumi.Output<string>; logs: ObjectStoreAccess | undefined },
): Airflow | undefined {
  const { databases } = settings.postgres;
  const connections = postgres.connections.airflow_db;
  if (!databases.airflow_db || !connections) return undefined;
  return new Airflow(
    "airflow",
    {
      namespace,
      host: settings.airflow.host ?? `airflow.${settings.domain}`,
      database: {
        ...connections,
        authority: postgres.authority,
        sessions: databases.airflow_db.connections,
      },
      dags: ingestion?.dags ?? {},
      streamLists: ingestion?.streamLists ?? [],
      ...(ingestion && {
        pools: { [DATASURFACE.pool]: runsAtOnce(databases[ingestion.mergeDatabase]?.connections ?? 0) },
      }),
      ...(slackToken && { slackToken }),
      monitoring,
      ...(logs && { logs }),
      processes: airflowProcesses(settings),
      protection,
      certificateAnnotations,
    },
    { provider },
  );
}

/** A system runs where the settings declare its database. */
export function rainTracker(
  { environment, domain, postgres: { databases, storageClass } }: Settings,
  postgres: Postgres,
  {
    namespace,
    image,
    certificateAnnotations,
    protection,
    provider,
  }: Omit<Site, "monitoring"> & { namespace: pulumi.Output<string>; image: pulumi.Output<string> },
): RainTracker | undefined {
  const connection = postgres.connections.rain?.migrate; // it brings its tables up to date itself
  if (!databases.rain || !connection) return undefined;
  const inside = { provider, dependsOn: postgres.made };
  const stringData = { url: connection, "ca.crt": postgres.authority };
  const secret = new k8s.core.v1.Secret(
    "rain-database",
    { metadata: { name: "rain-database", namespace }, stringData },
    inside,
  );
  return new RainTracker(
    "rain",
    {
      namespace,
      environment,
      image,
      databaseSecret: { name: secret.metadata.name, key: "url" },
      databaseAccess: pulumi.jsonStringify(stringData),
      host: `rain.${domain}`,
      certificateAnnotations,
      archive: { size: "10Gi", ...(storageClass && { storageClass }) },
      protection,
    },
    inside,
  );
}
