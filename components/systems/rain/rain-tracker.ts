import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { monitorWorkload } from "../../cluster";
import { type Environment, rainServers } from "../../settings";
import { digest } from "../../shared/digest";
import { ingressAnnotations, ingressSpec } from "../../shared/pods";
import { rainConfiguration } from "./configuration";
import { allowedTraffic } from "./egress";
import { type RainFiles, storeContent } from "./file-store";
import { type ImportPodArgs, importLabels } from "./import-jobs";
import { migrationJob } from "./migration";
import { rainMonitoring } from "./monitoring";
import { LABELS, RAIN } from "./names";
import type { RainPodArgs, SecretKey } from "./rain-pod";
import { cronJob, SCHEDULES } from "./schedules";
import { apiAutoscaler, apiDeployment, apiService, metricsDeployment, metricsService } from "./servers";

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

  /** Whether Prometheus runs in the cluster. @default false */
  readonly monitoring?: boolean;
  /** The same for a login that can only read: the API and the metrics use it. */
  readonly readerSecret: SecretKey;

  /** The content of both Secrets. Pods read them only at their start, so a change restarts them. */
  readonly databaseAccess: pulumi.Input<string>;

  /** The external host name of the API. */
  readonly host: pulumi.Input<string>;

  /** Origins whose pages may read the API from a browser (CORS). @default none */
  readonly origins?: readonly string[];

  /** Annotations of the Ingress, such as cert-manager's issuer and Traefik's middlewares. @default none */
  readonly ingressAnnotations?: Readonly<Record<string, string>>;

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

  /** The bucket that keeps every file too. @default none: a lost volume is filled by the provider again */
  readonly files?: RainFiles | undefined;

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
    const pod: RainPodArgs = { image: args.image, databaseSecret: args.databaseSecret };
    const configuration = rainConfiguration(args.environment, args.origins);

    const configMap = this.#configMap(name, args, configuration);
    const account = this.#account(name, args);
    const archive = this.#archive(name, args);
    this.#networkPolicies(name, args);
    const migration = this.#migration(name, args, { pod, dependsOn: account });
    const { store, made } = this.#fileStore(name, args);
    this.#schedules(name, args, {
      pod: { ...pod, store },
      dependsOn: [configMap, account, archive, migration, ...made],
    });
    const server: ServerArgs = {
      pod: { image: args.image, databaseSecret: args.readerSecret },
      configDigest: configDigestOf(configuration, args.databaseAccess),
      dependsOn: [configMap, account, migration],
    };
    this.#api(name, args, server);
    this.#apiIngress(name, args);
    this.#metrics(name, args, server);
    if (args.monitoring) {
      monitorWorkload(name, { namespace: args.namespace, monitoring: rainMonitoring }, { parent: this });
    }

    this.endpoint = pulumi.interpolate`https://${args.host}/api/v1`;
    this.registerOutputs({ endpoint: this.endpoint });
  }

  #configMap(
    name: string,
    { namespace }: RainTrackerArgs,
    data: Readonly<Record<string, string>>,
  ): k8s.core.v1.ConfigMap {
    return new k8s.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: metadata(RAIN.configMap, namespace), data },
      { parent: this },
    );
  }

  #account(name: string, { namespace }: RainTrackerArgs): k8s.core.v1.ServiceAccount {
    return new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(RAIN.serviceAccount, namespace), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  #archive(
    name: string,
    { namespace, archive, protection }: RainTrackerArgs,
  ): k8s.core.v1.PersistentVolumeClaim {
    return new k8s.core.v1.PersistentVolumeClaim(
      `${name}-archive`,
      {
        metadata: {
          ...metadata(RAIN.archiveClaim, namespace),
          // Some classes create a volume only for a pod, and that pod comes later: Pulumi would wait forever.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          accessModes: [archive.accessMode ?? "ReadWriteOnce"],
          ...(archive.storageClass && { storageClassName: archive.storageClass }),
          resources: { requests: { storage: archive.size } },
        },
      },
      { parent: this, protect: protection ?? false },
    );
  }

  #fileStore(
    name: string,
    { namespace, files }: RainTrackerArgs,
  ): { readonly store: ImportPodArgs["store"]; readonly made: pulumi.Resource[] } {
    if (!files) return { store: undefined, made: [] };
    const secret = new k8s.core.v1.Secret(
      `${name}-files`,
      { metadata: metadata(RAIN.filesSecret, namespace), stringData: storeContent(files.access) },
      { parent: this },
    );
    const { endpoint, region, bucket, authority } = files.access;
    const hasAuthority = authority !== undefined;
    return {
      store: { endpoint, region, bucket, secret: secret.metadata.name, hasAuthority },
      made: [secret],
    };
  }

  #networkPolicies(name: string, { namespace, files }: RainTrackerArgs): void {
    for (const [policy, spec] of Object.entries(allowedTraffic(files))) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-allow-${policy}`,
        { metadata: metadata(policy, namespace), spec },
        { parent: this },
      );
    }
  }

  #migration(name: string, { namespace }: RainTrackerArgs, { pod, dependsOn }: JobArgs): k8s.batch.v1.Job {
    return new k8s.batch.v1.Job(
      `${name}-migration`,
      { metadata: metadata(RAIN.migration, namespace, LABELS.migration), spec: migrationJob(pod) },
      // A Job is immutable, so another image needs another Job. Its name is free only after the old one is deleted.
      { parent: this, dependsOn, replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );
  }

  #schedules(name: string, { namespace, environment }: RainTrackerArgs, { pod, dependsOn }: JobArgs): void {
    for (const schedule of SCHEDULES) {
      new k8s.batch.v1.CronJob(
        `${name}-${schedule.name}`,
        {
          metadata: metadata(schedule.name, namespace, importLabels(schedule.kind)),
          spec: cronJob(schedule, environment, pod),
        },
        { parent: this, dependsOn },
      );
    }
  }

  #api(
    name: string,
    { namespace, environment }: RainTrackerArgs,
    { pod, configDigest, dependsOn }: ServerArgs,
  ): void {
    const api = metadata(RAIN.api, namespace, LABELS.api);
    new k8s.apps.v1.Deployment(
      `${name}-api`,
      { metadata: api, spec: apiDeployment(pod, configDigest) },
      { parent: this, dependsOn },
    );
    new k8s.core.v1.Service(`${name}-api-service`, { metadata: api, spec: apiService }, { parent: this });
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      `${name}-api-autoscaler`,
      { metadata: api, spec: apiAutoscaler(environment) },
      { parent: this },
    );
    if (rainServers(environment).least > 1) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-api-disruption`,
        { metadata: api, spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.api } } },
        { parent: this },
      );
    }
  }

  #apiIngress(name: string, { namespace, host, ingressAnnotations: given }: RainTrackerArgs): void {
    new k8s.networking.v1.Ingress(
      `${name}-api-ingress`,
      {
        metadata: {
          ...metadata(RAIN.api, namespace, LABELS.api),
          annotations: ingressAnnotations(given),
        },
        spec: ingressSpec({ host, tlsSecret: `${RAIN.api}-tls`, service: { name: RAIN.api, port: "http" } }),
      },
      { parent: this },
    );
  }

  #metrics(name: string, { namespace }: RainTrackerArgs, { pod, configDigest, dependsOn }: ServerArgs): void {
    const metrics = metadata(RAIN.metrics, namespace, LABELS.metrics);
    new k8s.apps.v1.Deployment(
      `${name}-metrics`,
      { metadata: metrics, spec: metricsDeployment(pod, configDigest) },
      { parent: this, dependsOn },
    );
    new k8s.core.v1.Service(
      `${name}-metrics-service`,
      { metadata: metrics, spec: metricsService },
      { parent: this },
    );
  }
}

/** What a Job of any kind is created from. */
interface JobArgs {
  readonly pod: ImportPodArgs;
  readonly dependsOn: pulumi.Resource | pulumi.Resource[];
}

/** What the Deployments of API and metrics are created from. */
interface ServerArgs {
  readonly pod: RainPodArgs;
  /** A digest of everything that a server reads only at its start. */
  readonly configDigest: pulumi.Output<string>;
  readonly dependsOn: pulumi.Resource[];
}

const metadata = (
  object: string,
  namespace: pulumi.Input<string>,
  labels: Record<string, string> = LABELS.common,
) => ({ name: object, namespace, labels });

/** Half a digest of a random password reveals nothing about it, so it need not be a secret. */
const configDigestOf = (
  configuration: Readonly<Record<string, string>>,
  databaseAccess: pulumi.Input<string>,
): pulumi.Output<string> =>
  pulumi.unsecret(
    pulumi.output(databaseAccess).apply((access) => digest(JSON.stringify([configuration, access]))),
  );
