import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ObjectStoreAccess } from "../../data";
import type { AirflowProcess } from "../../settings";
import { digest } from "../../shared/digest";
import { ingressAnnotations } from "../../shared/pods";
import { AirflowMetrics } from "./airflow-metrics";
import { AUTHORITIES, KEYS, logConnection, sqlAlchemyUrl } from "./configuration";
import { AIRFLOW, AIRFLOW_IMAGE, labelsOf, PORTS } from "./names";
import {
  type AirflowPodArgs,
  migrationJob,
  migrationScript,
  PARTS,
  partDeployment,
  type StreamList,
} from "./pods";

export interface AirflowArgs {
  /** The namespace for all objects. Its value resolves only after the namespace's network policies and quotas exist. */
  readonly namespace: pulumi.Input<string>;

  /** The external host name of the web interface. */
  readonly host: pulumi.Input<string>;

  /** The metadata database. */
  readonly database: {
    /** The connection string of the login that reads and writes rows; all processes use it. */
    readonly write: pulumi.Input<string>;
    /** The connection string of the login that changes tables; only the migration Job uses it. */
    readonly migrate: pulumi.Input<string>;
    /** CA certificate (PEM) of the PostgreSQL server; in no system trust store. */
    readonly authority: pulumi.Input<string>;
    /**
     * How many sessions all processes may open in total. Every replica gets an equal share, so more replicas mean fewer
     * sessions for each.
     */
    readonly sessions: number;
  };

  /** The files of the DAG folder. A change restarts no process. */
  readonly dags: pulumi.Input<Record<string, string>>;

  /** Files of the DAG folder that come from ConfigMaps of other writers. @default none */
  readonly streamLists?: readonly StreamList[];

  /**
   * Airflow's pools besides the default one, with the number of tasks that may be active in each at once. Deferred
   * tasks count.
   * @default none
   */
  readonly pools?: Readonly<Record<string, number>>;

  /** The bucket for logs of finished tasks. @default none: a log exists only as long as the pod that ran the task */
  readonly logs?: ObjectStoreAccess;

  /** The Slack token for notifications of task failures. @default no notifications */
  readonly slackToken?: pulumi.Input<string>;

  /**
   * Whether Prometheus and Grafana run in the cluster. If so, Airflow sends metrics and gets alerts and a dashboard.
   */
  readonly monitoring: boolean;

  /**
   * The number of replicas of each process. Two or more also create a PodDisruptionBudget, so that a drain evicts one
   * pod at a time.
   */
  readonly processes: Readonly<Record<AirflowProcess, number>>;

  /** Annotations that make cert-manager issue the certificate of the Ingress. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;

  /**
   * Whether Pulumi refuses to delete or replace the Fernet key. Without that key, the connections in the metadata
   * database cannot be decrypted.
   * @default false
   */
  readonly protection?: boolean | undefined;
}

/**
 * Creates Airflow: its processes as Deployments, their shared Secrets and ConfigMaps, the migration Job, and an Ingress
 * for the web interface. Airflow schedules the platform's DAGs and starts their pods.
 */
export class Airflow extends pulumi.ComponentResource {
  /** The URL of the web interface. */
  readonly endpoint: pulumi.Output<string>;

  /** The initial password of the user `admin`. */
  readonly adminPassword: pulumi.Output<string>;

  constructor(name: string, args: AirflowArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:airflow:Airflow", name, {}, opts);
    const { database, logs, processes, slackToken } = args;
    const child = { parent: this };
    const metadata = (object: string, part = object) => ({
      name: object,
      namespace: args.namespace,
      labels: labelsOf(part),
    });
    const password = (purpose: string) =>
      new random.RandomPassword(`${name}-${purpose}`, { length: 48, special: false }, child).result;

    const fernet = new random.RandomBytes(
      `${name}-fernet-key`,
      { length: 32 },
      { ...child, protect: args.protection ?? false },
    );
    this.adminPassword = password("admin-password");
    const secret = (object: string, stringData: Record<string, pulumi.Input<string>>) => ({
      resource: new k8s.core.v1.Secret(
        `${name}-${object}`,
        { metadata: metadata(object), stringData },
        child,
      ),
      stringData,
    });
    const secrets = [
      secret(AIRFLOW.secret, {
        [KEYS.fernet]: fernet.base64.apply(urlSafe),
        [KEYS.jwt]: password("jwt-secret"),
        [KEYS.api]: password("api-secret-key"),
        [KEYS.admin]: this.adminPassword,
      }),
      secret(AIRFLOW.database, {
        [KEYS.write]: pulumi.output(database.write).apply(sqlAlchemyUrl),
        [KEYS.migrate]: pulumi.output(database.migrate).apply(sqlAlchemyUrl),
      }),
      ...(logs ? [secret(AIRFLOW.logs, { [KEYS.connection]: logConnection(logs) })] : []),
      ...(slackToken === undefined ? [] : [secret(AIRFLOW.slack, { [KEYS.token]: slackToken })]),
    ];
    const authorities = {
      [AUTHORITIES.database]: database.authority,
      ...(logs && { [AUTHORITIES.logs]: logs.authority }),
    };
    const files = [
      new k8s.core.v1.ConfigMap(
        `${name}-authorities`,
        { metadata: metadata(AIRFLOW.authorities), data: authorities },
        child,
      ),
      new k8s.core.v1.ConfigMap(`${name}-dags`, { metadata: metadata(AIRFLOW.dags), data: args.dags }, child),
    ];

    const pod: AirflowPodArgs = {
      host: args.host,
      sessions: Math.floor(database.sessions / sum(Object.values(processes))),
      logBucket: logs?.bucket,
      monitoring: args.monitoring,
      tellsSlack: slackToken !== undefined,
      streamLists: args.streamLists ?? [],
      // Half a digest of random passwords reveals nothing about them, so it need not be a secret.
      configDigest: pulumi.unsecret(
        pulumi
          .all([authorities, ...secrets.map(({ stringData }) => stringData)])
          .apply((all) => digest(JSON.stringify(all))),
      ),
    };
    const needs = [...secrets.map(({ resource }) => resource), ...files];

    // A Job is immutable, so each release and each migration script gets a new one. Everything else waits for it.
    const script = migrationScript(args.pools ?? {});
    const migration = new k8s.batch.v1.Job(
      `${name}-migration`,
      {
        metadata: metadata(migrationName(script), AIRFLOW.migration),
        spec: migrationJob(script, pod),
      },
      { parent: this, dependsOn: needs, replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );

    for (const key of Object.keys(PARTS) as AirflowProcess[]) {
      // safe: the keys are those of PARTS
      const part = PARTS[key];
      const replicas = processes[key];
      const account = new k8s.core.v1.ServiceAccount(
        `${name}-${part.name}-account`,
        { metadata: metadata(part.name), automountServiceAccountToken: false },
        child,
      );
      new k8s.apps.v1.Deployment(
        `${name}-${part.name}`,
        { metadata: metadata(part.name), spec: partDeployment(key, replicas, pod) },
        { parent: this, dependsOn: [migration, account] },
      );
      if (replicas > 1) {
        new k8s.policy.v1.PodDisruptionBudget(
          `${name}-${part.name}-disruption`,
          {
            metadata: metadata(part.name),
            spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(part.name) } },
          },
          child,
        );
      }
    }

    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: metadata(AIRFLOW.apiServer),
        spec: { selector: labelsOf(AIRFLOW.apiServer), ports: [{ name: "http", port: PORTS.api }] },
      },
      // The Service has endpoints only when the API server runs. Nothing here needs to wait for that.
      { parent: this, dependsOn: [migration] },
    );
    new k8s.networking.v1.Ingress(
      `${name}-ingress`,
      {
        metadata: {
          ...metadata(AIRFLOW.apiServer),
          annotations: ingressAnnotations(args.certificateAnnotations),
        },
        spec: {
          rules: [{ host: args.host, http: { paths: [INTERFACE] } }],
          tls: [{ hosts: [args.host], secretName: "airflow-tls" }],
        },
      },
      child,
    );

    if (args.monitoring) new AirflowMetrics(`${name}-metrics`, { namespace: args.namespace }, child);

    this.endpoint = pulumi.interpolate`https://${args.host}`;
    this.registerOutputs({ endpoint: this.endpoint, adminPassword: this.adminPassword });
  }
}

const INTERFACE = {
  path: "/",
  pathType: "Prefix",
  backend: { service: { name: AIRFLOW.apiServer, port: { name: "http" } } },
};

/** Fernet expects its key in URL-safe base64. */
const urlSafe = (base64: string) => base64.replaceAll("+", "-").replaceAll("/", "_");

const migrationName = (script: string) =>
  `${AIRFLOW.migration}-${digest(`${AIRFLOW_IMAGE}\n${script}`).slice(0, 8)}`;

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
