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
  /** The namespace for all objects. Its value resolves only after the namespace's network policies and quotas exist. */
  readonly namespace: pulumi.Input<string>;

  /**
   * The environment. `dev` suspends the scheduled imports, logs at debug level and runs one API pod; `prod` merges
   * larger batches.
   */
  readonly environment: Environment;

  /** The job image, whose entrypoint is `jobs`. Imports that an operator starts by hand take it from the CronJobs. */
  readonly image: pulumi.Input<string>;

  /** The connection string of the rain database. The same Secret contains the server's CA certificate as `ca.crt`. */
  readonly databaseSecret: SecretKey;

  /** The content of that Secret. Pods read it only at their start, so a change restarts them. */
  readonly databaseAccess: pulumi.Input<string>;

  /** The external host name of the API. */
  readonly host: pulumi.Input<string>;

  /** Annotations that make cert-manager issue the certificate of the Ingress. @default none */
  readonly certificateAnnotations?: Readonly<Record<string, string>>;

  /** The volume that keeps every fetched file. */
  readonly archive: {
    /** The size of the volume, for example `10Gi`. Nothing deletes a fetched file, so it only grows. */
    readonly size: string;
    /** The storage class of the volume. @default the cluster's default class */
    readonly storageClass?: string;
    /**
     * Use ReadWriteMany if the storage class supports it: imports can then run on several servers at once.
     * @default ReadWriteOnce
     */
    readonly accessMode?: "ReadWriteOnce" | "ReadWriteMany";
  };

  /** Whether Pulumi refuses to delete or replace that volume. @default false */
  readonly protection?: boolean | undefined;
}

/**
 * Creates Rain Tracker, the record of historical rainfall: scheduled imports, an API to read the record, and metrics.
 */
export class RainTracker extends pulumi.ComponentResource {
  /** The URL of the API. */
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
    // Half a digest of a random password reveals nothing about it, so it need not be a secret.
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
          // Some classes create a volume only for a pod, and that pod comes later: Pulumi would wait forever.
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
      // A Job is immutable, so another image needs another Job. Its name is free only after the old one is deleted.
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
