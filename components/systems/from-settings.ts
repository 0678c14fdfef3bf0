import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterLayer } from "../cluster";
import { DATABASES, type DataLayer, dataNamespaces, POSTGRES, storePort } from "../data";
import type { HetznerCluster } from "../servers";
import {
  airflowProcesses,
  CRM,
  databaseSessions,
  gardenosScale,
  ingestionRuns,
  type Settings,
  type SettingsSecrets,
} from "../settings";
import { hostOf } from "../shared/pods";
import { Airflow, POD_RUNNERS } from "./airflow";
import { DATASURFACE, DataSurface, deployedModel, loginOf, loginsFor } from "./datasurface";
import { deployedNamespace, GardenOS } from "./gardenos";
import { type SystemNamespace, systemNamespaces } from "./namespaces";
import { Operations, platformOf } from "./operations";
import { RainTracker } from "./rain";

/** The systems of a stack; each is undefined where the settings omit it. */
export interface SystemsLayer {
  /** Ingestion; undefined without the setting `datasurface`, or where it is false. */
  readonly datasurface?: DataSurface | undefined;
  /** Undefined with `airflow: false`, and unless `postgres.databases` has `airflow_db`. */
  readonly airflow?: Airflow | undefined;
  /** Rain Tracker; undefined with `rain: false`, and unless `postgres.databases` has `rain`. */
  readonly rain?: RainTracker | undefined;
  /** The CRM's services; undefined without the setting `gardenos`. */
  readonly gardenos?: GardenOS | undefined;
  /** The operator's checks. */
  readonly operations: Operations;
  /** The top-level resources of this layer. */
  readonly resources: readonly pulumi.Resource[];
}

/** What the systems are declared from: the stack's settings, and the layers below. */
export interface SystemsInputs {
  readonly settings: Settings;
  readonly secrets: SettingsSecrets;
  readonly cluster: ClusterLayer<SystemNamespace>;
  readonly data: DataLayer;
  /** Our own servers. @default none: the target is an existing cluster */
  readonly servers: HetznerCluster | undefined;
}

export function systemsFor(inputs: SystemsInputs): SystemsLayer {
  const datasurface = dataSurface(inputs);
  const airflow = scheduler(inputs, datasurface);
  const rain = rainTracker(inputs);
  const gardenos = gardenOs(inputs);
  const operations = checks(inputs, { datasurface, airflow, rain, gardenos });
  const resources = [datasurface, airflow, rain, gardenos, operations].filter((each) => each !== undefined);
  return { datasurface, airflow, rain, gardenos, operations, resources };
}

/** Ingestion, if the settings have `datasurface`. Airflow runs its jobs. */
function dataSurface({ settings, secrets, cluster, data }: SystemsInputs): DataSurface | undefined {
  const { airflow, datasurface } = settings;
  const { gitToken, sourcePasswords } = secrets;
  const { provider, namespaces, monitoring, protection } = cluster;
  const { postgres, jobsImage } = data;
  if (!datasurface || !airflow) return undefined;
  const { model, origin } = deployedModel(datasurface);
  const host = hostOf(POSTGRES.primary, DATABASES.namespace);
  const { connections } = postgres;
  const { logins } = datasurface;
  const customers = connections.customer_db?.migrate; // the simulator creates its tables
  return new DataSurface(
    "datasurface",
    {
      model,
      origin,
      image: jobsImage,
      monitoring,
      protection,
      namespace: namespaces.datasurface,
      traces: settings.monitoring.traces.endpoint,
      mergeHost: host,
      datasetsAtOnce: datasurface.datasetsAtOnce,
      authorities: trusted(postgres.authority, logins),
      credentials: loginsFor(model, { host, connections, logins, passwords: sourcePasswords }),
      ...(gitToken && { gitToken }),
      ...(airflow.slackChannel && { slackChannel: airflow.slackChannel }),
      airflow: { namespace: namespaces.airflow, accounts: POD_RUNNERS },
      ...(customers && {
        simulator: {
          replicas: datasurface.simulator.replicas,
          changesPerSecond: datasurface.simulator.changesPerSecond,
          source: { host, database: "customer_db" },
          login: loginOf(customers),
        },
      }),
    },
    { provider },
  );
}

/** The CA certificates of the platform's own databases and of the other sources. */
const trusted = (
  own: pulumi.Input<string>,
  logins: Record<string, { readonly authority?: string | undefined }>,
) =>
  pulumi
    .output(own)
    .apply((each) => [each, ...Object.values(logins).flatMap(({ authority = [] }) => authority)].join("\n"));

/** Airflow, if the settings declare its database. */
function scheduler(
  { settings, secrets, cluster, data }: SystemsInputs,
  ingestion: DataSurface | undefined,
): Airflow | undefined {
  const { slackToken } = secrets;
  const { provider, namespaces, ingress, monitoring, protection } = cluster;
  const { postgres, minio } = data;
  const { databases } = settings.postgres;
  const sessions = databaseSessions(settings);
  const connections = postgres.connections.airflow_db;
  if (!settings.airflow || !databases.airflow_db || !connections) return undefined;
  const { airflow: logs } = minio.access;
  return new Airflow(
    "airflow",
    {
      namespace: namespaces.airflow,
      host: settings.airflow.host ?? `airflow.${settings.domain}`,
      database: {
        write: connections.write,
        migrate: connections.migrate,
        authority: postgres.authority,
        sessions: sessions.airflow_db ?? 0,
      },
      dags: ingestion?.dags ?? {},
      runsPods: ingestion !== undefined,
      streamLists: ingestion?.streamLists ?? [],
      ...(ingestion && {
        pools: { [DATASURFACE.pool]: ingestionRuns(sessions[ingestion.mergeDatabase] ?? 0, settings) },
      }),
      ...(slackToken && { slackToken }),
      traces: settings.monitoring.traces.endpoint,
      monitoring,
      ...(logs && { logs }),
      processes: airflowProcesses(settings),
      protection,
      ingress: {
        annotations: ingress.annotations("airflow", "administrators"),
        loginAnnotations: ingress.loginAnnotations?.("airflow"),
      },
    },
    { provider },
  );
}

/** Rain Tracker, if the settings declare its database. */
function rainTracker({ settings, cluster, data }: SystemsInputs): RainTracker | undefined {
  const { environment, domain } = settings;
  const { databases, storageClass } = settings.postgres;
  const { provider, namespaces, ingress, protection, monitoring } = cluster;
  const { postgres, minio, jobsImage } = data;
  const connections = postgres.connections.rain;
  if (!settings.rain || !databases.rain || !connections) return undefined;
  const access = minio.access.rain;
  const options = { provider, dependsOn: access ? [postgres.made, minio.made] : [postgres.made] };
  const secretOf = (name: string, url: pulumi.Output<string>) => {
    const { metadata } = new k8s.core.v1.Secret(
      name,
      {
        metadata: { name, namespace: namespaces.rain },
        stringData: { url, "ca.crt": postgres.authority },
      },
      options,
    );
    return { name: metadata.name, key: "url" };
  };
  return new RainTracker(
    "rain",
    {
      namespace: namespaces.rain,
      environment,
      image: jobsImage,
      databaseSecret: secretOf("rain-database", connections.migrate), // Rain Tracker migrates its schema
      readerSecret: secretOf("rain-database-reader", connections.read),
      databaseAccess: pulumi.jsonStringify([connections.migrate, connections.read, postgres.authority]),
      host: `rain.${domain}`,
      origins: settings.rain.origins,
      ingressAnnotations: ingress.annotations("rain", "everyone"),
      archive: { size: "10Gi", ...(storageClass && { storageClass }) },
      ...(access && { files: { access, storePort: storePort(settings) } }),
      monitoring,
      protection,
    },
    options,
  );
}

/** The CRM's services, if the settings have `gardenos`. */
function gardenOs({ settings, secrets, cluster, data }: SystemsInputs): GardenOS | undefined {
  const { gardenos, environment, domain } = settings;
  const { provider, namespaces, ingress, monitoring, protection } = cluster;
  const { postgres, minio, jobsImage } = data;
  const connections = postgres.connections[CRM.database];
  const store = minio.access[CRM.application];
  if (!gardenos || !connections || !store) return undefined;
  return new GardenOS(
    "gardenos",
    {
      environment,
      gardenos,
      namespace: { name: deployedNamespace.name, ready: namespaces.gardenos },
      host: gardenos.host ?? `crm.${domain}`,
      siteUrl: gardenos.siteUrl ?? `https://${domain}`,
      image: jobsImage,
      database: {
        host: hostOf(POSTGRES.primary, DATABASES.namespace),
        name: CRM.database,
        migrate: connections.migrate,
        authority: postgres.authority,
        logins: postgres.supabase,
      },
      scale: gardenosScale(settings),
      store,
      storePort: storePort(settings),
      ...(gardenos.agents && { modelKey: secrets.agentsModelKey }),
      ingress: {
        annotations: ingress.annotations("gardenos", "everyone"),
        traefik: ingress.isTraefikOfK3s ? "of-k3s" : ingress.loginAnnotations ? "existing" : "none",
      },
      monitoring,
      protection,
    },
    { provider, dependsOn: [postgres.made, minio.made] },
  );
}

/** The operator's checks of everything that the stack has. */
function checks(
  { settings, cluster, data, servers }: SystemsInputs,
  systems: Pick<SystemsLayer, "datasurface" | "airflow" | "rain" | "gardenos">,
): Operations {
  const { environment, domain, operations } = settings;
  const { provider, namespaces, ingress, monitoring } = cluster;
  const { postgres, minio, backup, jobsImage, etcdHosts } = data;
  const { airflow, rain, gardenos } = systems;
  const reading = (database: string | undefined) => database && postgres.connections[database]?.read;
  const logins = {
    platform: reading(Object.keys(postgres.connections)[0]),
    merge: reading(systems.datasurface?.mergeDatabase),
    rain: rain && reading("rain"),
    airflow: airflow && reading("airflow_db"),
  };
  return new Operations(
    "operations",
    {
      namespace: namespaces.operations,
      image: jobsImage,
      every: operations.healthEvery ?? (environment === "dev" ? "1d" : "1h"),
      monitoring,
      platform: platformOf({
        settings,
        servers,
        etcdHosts,
        monitoring,
        namespaces: Object.values({ ...dataNamespaces(settings), ...systemNamespaces(settings) }).map(
          ({ name }) => name,
        ),
        has: { airflow: airflow !== undefined, rain: rain !== undefined, gardenos: gardenos !== undefined },
        backups: backup !== undefined,
        ...(settings.datasurface && { model: deployedModel(settings.datasurface).model }),
      }),
      authorities: pulumi
        .all([postgres.authority, ...(minio.authority ? [minio.authority] : [])])
        .apply((all) => all.join("\n")),
      logins: Object.fromEntries(Object.entries(logins).flatMap(([name, url]) => (url ? [[name, url]] : []))),
      objectsToken: minio.metricsToken,
      etcd: servers?.etcdMetrics,
      page: operations.page
        ? {
            host: `status.${domain}`,
            ingressAnnotations: ingress.annotations("operations", "administrators"),
          }
        : undefined,
    },
    { provider },
  );
}
