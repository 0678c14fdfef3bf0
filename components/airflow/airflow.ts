import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Environment } from "../settings";
import { type ConfigurationArgs, SECRET_KEYS } from "./configuration";
import { AIRFLOW, AIRFLOW_IMAGE, labelsOf, PORTS } from "./names";
import { MIGRATION, migrationJob, PARTS, type PartName, partDeployment } from "./pods";

export interface AirflowArgs extends ConfigurationArgs {
  /** The namespace, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** Production runs two of what must not pause. */
  readonly environment: Environment;

  /** The files of the DAG folder; a change of them restarts nothing. */
  readonly dags: pulumi.Input<Record<string, string>>;

  /** How many of each process. @default 1, and in production 2 of the scheduler, the API server and the triggerer */
  readonly replicas?: Partial<Readonly<Record<PartName, number>>>;

  /** The annotations by which the ingress gets its certificate. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;
}

/** Airflow, which schedules and distributes: its processes, what they share, and the door to its interface. */
export class Airflow extends pulumi.ComponentResource {
  /** Where the interface is. */
  readonly endpoint: pulumi.Output<string>;

  /** The password that the user `admin` has at first. */
  readonly adminPassword: pulumi.Output<string>;

  constructor(name: string, args: AirflowArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:airflow:Airflow", name, {}, opts);
    const child = { parent: this };
    const metadata = (object: string, part = object) => ({
      name: object,
      namespace: args.namespace,
      labels: labelsOf(part),
    });
    const password = (purpose: string) =>
      new random.RandomPassword(`${name}-${purpose}`, { length: 48, special: false }, child).result;

    const fernet = new random.RandomBytes(`${name}-fernet-key`, { length: 32 }, child);
    this.adminPassword = password("admin-password");
    const secret = new k8s.core.v1.Secret(
      `${name}-secret`,
      {
        metadata: metadata(AIRFLOW.secret),
        stringData: {
          [SECRET_KEYS.fernet]: fernet.base64.apply(urlSafe),
          [SECRET_KEYS.jwt]: password("jwt-secret"),
          [SECRET_KEYS.api]: password("api-secret-key"),
          [SECRET_KEYS.admin]: this.adminPassword,
        },
      },
      child,
    );
    const dags = new k8s.core.v1.ConfigMap(
      `${name}-dags`,
      { metadata: metadata(AIRFLOW.dags), data: args.dags },
      child,
    );

    // A Job cannot change: each release and each way of migrating has one of its own, and all else waits for it.
    const migration = new k8s.batch.v1.Job(
      `${name}-migration`,
      { metadata: metadata(migrationName(), AIRFLOW.migration), spec: migrationJob(args) },
      { parent: this, dependsOn: [secret, dags], replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );

    for (const [key, part] of Object.entries(PARTS)) {
      const account = new k8s.core.v1.ServiceAccount(
        `${name}-${part.name}-account`,
        { metadata: metadata(part.name), automountServiceAccountToken: false },
        child,
      );
      // Object.entries forgets that the keys are the table's own.
      const replicas = args.replicas?.[key as PartName] ?? defaultReplicas(key as PartName, args.environment);
      new k8s.apps.v1.Deployment(
        `${name}-${part.name}`,
        { metadata: metadata(part.name), spec: partDeployment(part, replicas, args) },
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
          annotations: { ...args.certificateAnnotations, "pulumi.com/skipAwait": "true" },
        },
        spec: {
          rules: [{ host: args.host, http: { paths: [INTERFACE] } }],
          tls: [{ hosts: [args.host], secretName: "airflow-tls" }],
        },
      },
      child,
    );

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

const migrationName = () =>
  `${AIRFLOW.migration}-${createHash("sha256").update(`${AIRFLOW_IMAGE}\n${MIGRATION}`).digest("hex").slice(0, 8)}`;

const defaultReplicas = (part: PartName, environment: Environment): number =>
  environment === "prod" && part !== "dagProcessor" ? 2 : 1;
