import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ObjectStoreAccess } from "../../data";
import type { AirflowProcess } from "../../settings";
import { digest } from "../../shared/digest";
import { ingressAnnotations, ingressSpec, type LoginIngress } from "../../shared/pods";
import { tracesPolicy } from "../traces";
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

  /** Whether DAGs start pods; only then the processes get access to the Kubernetes API. @default true */
  readonly runsPods?: boolean;

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

  /** Where traces go: the address of a collector that takes OTLP over HTTP. @default none are recorded */
  readonly traces?: string | undefined;

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

  /** How the web interface's Ingress is annotated. @default no annotations, and no Ingress for logins alone */
  readonly ingress?: LoginIngress;

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
    const fernetKey = this.#fernetKey(name, args);
    this.adminPassword = this.#password(name, "admin-password");

    const secrets = this.#secrets(name, args, fernetKey);
    const authorities = this.#authorities(name, args);
    const dags = this.#dags(name, args);
    if (args.traces !== undefined) {
      const { namespace, traces: endpoint } = args;
      tracesPolicy(name, { namespace, labels: labelsOf("traces"), endpoint }, { parent: this });
    }
    const pod = podArgs(args, [authorities, ...secrets]);
    const mounted = [...secrets, authorities].map(({ resource }) => resource);
    const migration = this.#migration(name, args, { pod, dependsOn: [...mounted, dags] });
    // Safe: the keys are those of PARTS.
    for (const part of Object.keys(PARTS) as AirflowProcess[]) {
      this.#process(name, args, { part, pod, migration });
    }
    this.#service(name, args, migration);
    this.#ingress(name, args);
    if (args.monitoring) {
      new AirflowMetrics(`${name}-metrics`, { namespace: args.namespace }, { parent: this });
    }

    this.endpoint = pulumi.interpolate`https://${args.host}`;
    this.registerOutputs({ endpoint: this.endpoint, adminPassword: this.adminPassword });
  }

  #fernetKey(name: string, { protection }: AirflowArgs): pulumi.Output<string> {
    const fernet = new random.RandomBytes(
      `${name}-fernet-key`,
      { length: 32 },
      { parent: this, protect: protection ?? false },
    );
    return fernet.base64.apply(urlSafe);
  }

  #password(name: string, purpose: string): pulumi.Output<string> {
    return new random.RandomPassword(`${name}-${purpose}`, { length: 48, special: false }, { parent: this })
      .result;
  }

  /** The Secrets that the processes read their environment from. */
  #secrets(
    name: string,
    { namespace, database, logs, slackToken }: AirflowArgs,
    fernetKey: pulumi.Output<string>,
  ): StartupData[] {
    const secret = (object: string, data: StartupData["data"]): StartupData => ({
      resource: new k8s.core.v1.Secret(
        `${name}-${object}`,
        { metadata: metadata(object, namespace), stringData: data },
        { parent: this },
      ),
      data,
    });
    return [
      secret(AIRFLOW.secret, {
        [KEYS.fernet]: fernetKey,
        [KEYS.jwt]: this.#password(name, "jwt-secret"),
        [KEYS.api]: this.#password(name, "api-secret-key"),
        [KEYS.admin]: this.adminPassword,
      }),
      secret(AIRFLOW.database, {
        [KEYS.write]: pulumi.output(database.write).apply(sqlAlchemyUrl),
        [KEYS.migrate]: pulumi.output(database.migrate).apply(sqlAlchemyUrl),
      }),
      ...(logs ? [secret(AIRFLOW.logs, { [KEYS.connection]: logConnection(logs) })] : []),
      ...(slackToken === undefined ? [] : [secret(AIRFLOW.slack, { [KEYS.token]: slackToken })]),
    ];
  }

  /** The CA certificates of the servers that the processes connect to. */
  #authorities(name: string, { namespace, database, logs }: AirflowArgs): StartupData {
    const data = {
      [AUTHORITIES.database]: database.authority,
      ...(logs?.authority && { [AUTHORITIES.logs]: logs.authority }),
    };
    const resource = new k8s.core.v1.ConfigMap(
      `${name}-authorities`,
      { metadata: metadata(AIRFLOW.authorities, namespace), data },
      { parent: this },
    );
    return { resource, data };
  }

  #dags(name: string, { namespace, dags }: AirflowArgs): k8s.core.v1.ConfigMap {
    return new k8s.core.v1.ConfigMap(
      `${name}-dags`,
      { metadata: metadata(AIRFLOW.dags, namespace), data: dags },
      { parent: this },
    );
  }

  /** A Job is immutable, so each release and each migration script gets a new one. Everything else waits for it. */
  #migration(
    name: string,
    { namespace, pools }: AirflowArgs,
    { pod, dependsOn }: { pod: AirflowPodArgs; dependsOn: pulumi.Resource[] },
  ): k8s.batch.v1.Job {
    const script = migrationScript(pools ?? {});
    return new k8s.batch.v1.Job(
      `${name}-migration`,
      {
        metadata: metadata(migrationName(script), namespace, AIRFLOW.migration),
        spec: migrationJob(script, pod),
      },
      { parent: this, dependsOn, replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );
  }

  /** A process's Deployment, its service account and, with two or more replicas, its PodDisruptionBudget. */
  #process(
    name: string,
    { namespace, processes }: AirflowArgs,
    { part, pod, migration }: { part: AirflowProcess; pod: AirflowPodArgs; migration: pulumi.Resource },
  ): void {
    const { name: object } = PARTS[part];
    const replicas = processes[part];
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-${object}-account`,
      { metadata: metadata(object, namespace), automountServiceAccountToken: false },
      { parent: this },
    );
    new k8s.apps.v1.Deployment(
      `${name}-${object}`,
      { metadata: metadata(object, namespace), spec: partDeployment(part, replicas, pod) },
      { parent: this, dependsOn: [migration, account] },
    );
    if (replicas > 1) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-${object}-disruption`,
        {
          metadata: metadata(object, namespace),
          spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(object) } },
        },
        { parent: this },
      );
    }
  }

  #service(name: string, { namespace }: AirflowArgs, migration: pulumi.Resource): void {
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: metadata(AIRFLOW.apiServer, namespace),
        spec: { selector: labelsOf(AIRFLOW.apiServer), ports: [{ name: "http", port: PORTS.api }] },
      },
      // The Service has endpoints only when the API server runs. Nothing here needs to wait for that.
      { parent: this, dependsOn: [migration] },
    );
  }

  /** The second Ingress has the paths that check a password, where Traefik's rate limit applies to logins alone. */
  #ingress(name: string, { namespace, host, ingress = {} }: AirflowArgs): void {
    const { annotations, loginAnnotations } = ingress;
    const target = {
      host,
      tlsSecret: "airflow-tls",
      service: { name: AIRFLOW.apiServer, port: "http" },
    };
    new k8s.networking.v1.Ingress(
      `${name}-ingress`,
      {
        metadata: {
          ...metadata(AIRFLOW.apiServer, namespace),
          annotations: ingressAnnotations(annotations),
        },
        spec: ingressSpec(target),
      },
      { parent: this },
    );
    if (!loginAnnotations) return;
    new k8s.networking.v1.Ingress(
      `${name}-login-ingress`,
      {
        metadata: {
          ...metadata(AIRFLOW.loginIngress, namespace, AIRFLOW.apiServer),
          annotations: ingressAnnotations(loginAnnotations),
        },
        spec: ingressSpec({ ...target, paths: LOGIN_PATHS }),
      },
      { parent: this },
    );
  }
}

/** An object that pods read only at their start, so a change of its data restarts them. */
interface StartupData {
  readonly resource: pulumi.Resource;
  readonly data: Record<string, pulumi.Input<string>>;
}

const metadata = (object: string, namespace: pulumi.Input<string>, part = object) => ({
  name: object,
  namespace,
  labels: labelsOf(part),
});

const podArgs = (args: AirflowArgs, startupData: readonly StartupData[]): AirflowPodArgs => ({
  host: args.host,
  sessions: Math.floor(args.database.sessions / sum(Object.values(args.processes))),
  logBucket: args.logs?.bucket,
  monitoring: args.monitoring,
  traces: args.traces,
  tellsSlack: args.slackToken !== undefined,
  streamLists: args.streamLists ?? [],
  runsPods: args.runsPods ?? true,
  // Half a digest of random passwords reveals nothing about them, so it need not be a secret.
  configDigest: pulumi.unsecret(
    pulumi.all(startupData.map(({ data }) => data)).apply((all) => digest(JSON.stringify(all))),
  ),
});

/** Where Airflow's FAB checks a password: its form, and the API's tokens. */
const LOGIN_PATHS = ["/auth/login", "/auth/token"];

/** Fernet expects its key in URL-safe base64. */
const urlSafe = (base64: string) => base64.replaceAll("+", "-").replaceAll("/", "_");

const migrationName = (script: string) =>
  `${AIRFLOW.migration}-${digest(`${AIRFLOW_IMAGE}\n${script}`).slice(0, 8)}`;

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
