import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../../settings";
import { digest } from "../../shared/digest";
import { ingressAnnotations } from "../../shared/pods";
import { rainConfiguration } from "./configuration";
import { ALLOWED_TRAFFIC } from "./egress";
import { importLabels } from "./import-jobs";
import { migrationJob } from "./migration";
import { LABELS, RAIN } from "./names";
import type { RainPodArgs, SecretKey } from "./rain-pod";
import { cronJob, SCHEDULES } from "./schedules";
import {
  apiAutoscaler,
  apiDeployment,
  apiIngress,
  apiService,
  metricsDeployment,
  metricsService,
  replicaRange,
} from "./servers";

export interface RainTrackerArgs {
  /** The namespace, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** Development imports only by hand, and talks a lot; production merges larger batches. */
  readonly environment: Environment;

  /** The job image. It is asked for by the CronJobs too, and so by every import that is started by hand. */
  readonly image: pulumi.Input<string>;

  /** Where the connection string of the rain database is; under `ca.crt` beside it, the authority of its server. */
  readonly databaseSecret: SecretKey;

  /** The content of that Secret: pods restart when it changes, since they read it only when they start. */
  readonly databaseAccess: pulumi.Input<string>;

  /** The name under which the API is reached from outside. */
  readonly host: pulumi.Input<string>;

  /** The annotations by which the ingress gets its certificate. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;

  /** The volume that keeps every fetched file. */
  readonly archive: {
    readonly size: string;
    /** @default the cluster's default class */
    readonly storageClass?: string;
    /** ReadWriteMany where the class can, so that imports may run on several servers at once. @default ReadWriteOnce */
    readonly accessMode?: "ReadWriteOnce" | "ReadWriteMany";
  };

  /** Whether the engine refuses to delete or replace that volume. @default false */
  readonly protection?: boolean | undefined;
}

/** The historical rain record: imports by schedule and by hand, an API to read it, metrics to watch it. */
export class RainTracker extends pulumi.ComponentResource {
  /** Where the API is. */
  readonly endpoint: pulumi.Output<string>;

  constructor(name: string, args: RainTrackerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:rain:RainTracker", name, {}, opts);
    const { environment, databaseSecret, image } = args;
    const child = { parent: this };
    const metadata = (object: string, labels: Record<string, string> = LABELS.common) => ({
      name: object,
      namespace: args.namespace,
      labels,
    });
    const pod: RainPodArgs = { image, databaseSecret };
    const configuration = rainConfiguration(environment);
    // Half a digest over a random password tells nothing of it.
    const configDigest = pulumi.unsecret(
      pulumi.output(args.databaseAccess).apply((access) => digest(JSON.stringify([configuration, access]))),
    );

    const configMap = new k8s.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: metadata(RAIN.configMap), data: configuration },
      child,
    );
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(RAIN.serviceAccount), automountServiceAccountToken: false },
      child,
    );
    const archive = new k8s.core.v1.PersistentVolumeClaim(
      `${name}-archive`,
      {
        metadata: {
          ...metadata(RAIN.archiveClaim),
          // A class that makes volumes only for a pod would keep the program waiting for a pod that comes later.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          accessModes: [args.archive.accessMode ?? "ReadWriteOnce"],
          ...(args.archive.storageClass && { storageClassName: args.archive.storageClass }),
          resources: { requests: { storage: args.archive.size } },
        },
      },
      { ...child, protect: args.protection ?? false },
    );
    for (const [policy, spec] of Object.entries(ALLOWED_TRAFFIC)) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-allow-${policy}`,
        { metadata: metadata(policy), spec },
        child,
      );
    }
    const migration = new k8s.batch.v1.Job(
      `${name}-migration`,
      { metadata: metadata(RAIN.migration, LABELS.migration), spec: migrationJob(pod) },
      // A Job cannot be changed: another image is another Job, and a Job's name is free only when the former is gone.
      { parent: this, dependsOn: account, replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );
    const needs = { parent: this, dependsOn: [configMap, account, migration] };

    for (const schedule of SCHEDULES) {
      new k8s.batch.v1.CronJob(
        `${name}-${schedule.name}`,
        {
          metadata: metadata(schedule.name, importLabels(schedule.kind)),
          spec: cronJob(schedule, environment, pod),
        },
        { parent: this, dependsOn: [configMap, account, archive, migration] },
      );
    }

    new k8s.apps.v1.Deployment(
      `${name}-api`,
      { metadata: metadata(RAIN.api, LABELS.api), spec: apiDeployment(pod, configDigest) },
      needs,
    );
    new k8s.core.v1.Service(
      `${name}-api-service`,
      { metadata: metadata(RAIN.api, LABELS.api), spec: apiService },
      child,
    );
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      `${name}-api-autoscaler`,
      { metadata: metadata(RAIN.api, LABELS.api), spec: apiAutoscaler(environment) },
      child,
    );
    if (replicaRange(environment).min > 1) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-api-disruption`,
        {
          metadata: metadata(RAIN.api, LABELS.api),
          spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.api } },
        },
        child,
      );
    }
    new k8s.networking.v1.Ingress(
      `${name}-api-ingress`,
      {
        metadata: {
          ...metadata(RAIN.api, LABELS.api),
          annotations: ingressAnnotations(args.certificateAnnotations),
        },
        spec: apiIngress(args.host),
      },
      child,
    );

    new k8s.apps.v1.Deployment(
      `${name}-metrics`,
      { metadata: metadata(RAIN.metrics, LABELS.metrics), spec: metricsDeployment(pod, configDigest) },
      needs,
    );
    new k8s.core.v1.Service(
      `${name}-metrics-service`,
      { metadata: metadata(RAIN.metrics, LABELS.metrics), spec: metricsService },
      child,
    );

    this.endpoint = pulumi.interpolate`https://${args.host}/api/v1`;
    this.registerOutputs({ endpoint: this.endpoint });
  }
}
