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
  /** The namespace, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** The name under which the interface is reached from outside. */
  readonly host: pulumi.Input<string>;

  /** The metadata database. */
  readonly database: {
    /** The connection strings of who works with its rows, and of who changes its tables. */
    readonly write: pulumi.Input<string>;
    readonly migrate: pulumi.Input<string>;
    /** The authority of the server's certificate, in PEM. */
    readonly authority: pulumi.Input<string>;
    /** How many sessions may be open in all. */
    readonly sessions: number;
  };

  /** The files of the DAG folder; a change of them restarts nothing. */
  readonly dags: pulumi.Input<Record<string, string>>;

  /** Files beside them from ConfigMaps that others write. @default none */
  readonly streamLists?: readonly StreamList[];

  /** Airflow's pools beside the default one: how many tasks may be under way in each, deferred ones too. @default none */
  readonly pools?: Readonly<Record<string, number>>;

  /** Where logs of finished tasks are kept. @default with the pod that ran the task, and so until it goes */
  readonly logs?: ObjectStoreAccess;

  /** The token for Slack. @default no notifications */
  readonly slackToken?: pulumi.Input<string>;

  /** Whether there is a Prometheus to collect and to alert, and a Grafana. */
  readonly monitoring: boolean;

  /** How many run of each process. */
  readonly processes: Readonly<Record<AirflowProcess, number>>;

  /** The annotations by which the ingress gets its certificate. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;

  /** Whether the engine refuses to delete or replace the key of the connections in the database. @default false */
  readonly protection?: boolean | undefined;
}

/** Airflow, which schedules and distributes: its processes, what they share, and the door to its interface. */
export class Airflow extends pulumi.ComponentResource {
  /** Where the interface is. */
  readonly endpoint: pulumi.Output<string>;

  /** The password that the user `admin` has at first. */
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
      // Half a digest over random passwords tells nothing of them.
      configDigest: pulumi.unsecret(
        pulumi
          .all([authorities, ...secrets.map(({ stringData }) => stringData)])
          .apply((all) => digest(JSON.stringify(all))),
      ),
    };
    const needs = [...secrets.map(({ resource }) => resource), ...files];

    // A Job cannot change: each release and each way of migrating has one of its own, and all else waits for it.
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
      // the keys are the table's own
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
      // It has endpoints only once the API server runs, which nothing here needs to wait for.
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

/** As Fernet wants its key: base64 for URLs. */
const urlSafe = (base64: string) => base64.replaceAll("+", "-").replaceAll("/", "_");

const migrationName = (script: string) =>
  `${AIRFLOW.migration}-${digest(`${AIRFLOW_IMAGE}\n${script}`).slice(0, 8)}`;

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
