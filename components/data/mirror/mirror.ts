import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Environment, OffsiteStore } from "../../settings";
import { jobsExporter } from "../exporter";
import { MIRROR_METRICS_PORT, type ObjectStoreAccess, type StoreSecrets } from "../minio";
import { type OffsiteKey, offsiteKey, offsitePolicy } from "../offsite";
import { mirrorAlerts } from "./alerts";
import { LABELS, MIRROR, SECRETS } from "./names";
import { cronJob, cronJobName, exporterPod, type MirrorPodArgs, SCHEDULES } from "./pods";

export interface ObjectMirrorArgs {
  /** Namespace of object storage, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /** In dev, drills are suspended and run only by hand. */
  readonly environment: Environment;

  /** Name of the cluster. Copies are stored below it, so that several clusters can share a bucket. */
  readonly cluster: string;

  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;

  /** The buckets that are copied. */
  readonly buckets: readonly string[];

  /** Days for which the copy keeps what was replaced or deleted. More days need more space. */
  readonly keepDays: number;

  /** What the mirror uses of object storage. @default none: there is no copy, but the key exists */
  readonly source?:
    | {
        /** Object storage by the mirror's own user, which can only read; `bucket` is that of its reports. */
        readonly store: ObjectStoreAccess;
        /** Names of object storage's Secrets. */
        readonly secrets: StoreSecrets;
      }
    | undefined;

  /** The store off the cluster. @default none: the objects are lost with the cluster */
  readonly offsite?: OffsiteStore | undefined;

  /** Whether Prometheus runs in the cluster. Without it there is no exporter and no alert on the copy. */
  readonly monitoring: boolean;

  /** Whether Pulumi refuses to delete the key of the copies: nobody can make it again. @default false */
  readonly protection?: boolean | undefined;
}

/** Copies the buckets of object storage to a store off the cluster, encrypted, and tries the copies on a schedule. */
export class ObjectMirror extends pulumi.ComponentResource {
  /** The age identity that decrypts the copies; secret. Keep a copy outside of the cluster. */
  readonly offsiteKey: pulumi.Output<string>;

  constructor(name: string, args: ObjectMirrorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:mirror:ObjectMirror", name, {}, opts);
    const key = offsiteKey(`${name}-offsite-key`, this, args.protection ?? false);
    this.offsiteKey = key.identity;
    const { source, offsite } = args;
    if (source && offsite) this.copies(name, args, { source, offsite, key });
    this.registerOutputs({ offsiteKey: this.offsiteKey });
  }

  private copies(name: string, args: ObjectMirrorArgs, { source, offsite, key }: Sides): void {
    const { namespace, environment } = args;
    const needs = [
      new k8s.core.v1.ServiceAccount(
        `${name}-account`,
        { metadata: metadataOf(namespace, MIRROR.serviceAccount), automountServiceAccountToken: false },
        { parent: this },
      ),
      ...this.secrets(name, namespace, { source, offsite, key }),
    ];
    offsitePolicy(
      `${name}-offsite-policy`,
      { metadata: metadataOf(namespace, MIRROR.offsitePolicy), pods: LABELS.jobs, store: offsite },
      { parent: this },
    );
    const pod: MirrorPodArgs = {
      image: args.image,
      store: source.store,
      secrets: source.secrets,
      offsite,
      prefix: `${args.cluster}/objects/`,
      buckets: args.buckets,
      keepDays: args.keepDays,
      prunesByOwnKey: offsite.prune !== undefined,
    };
    for (const schedule of SCHEDULES) {
      new k8s.batch.v1.CronJob(
        `${name}-${schedule.verb}`,
        {
          metadata: metadataOf(namespace, cronJobName(schedule.verb)),
          spec: cronJob(schedule, environment, pod),
        },
        { parent: this, dependsOn: needs },
      );
    }
    if (args.monitoring) this.monitoring(name, args, { pod, needs });
  }

  private secrets(
    name: string,
    namespace: pulumi.Input<string>,
    { source, offsite, key }: Sides,
  ): pulumi.Resource[] {
    const secret = (purpose: string, object: string, stringData: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.Secret(
        `${name}-${purpose}`,
        { metadata: metadataOf(namespace, object), stringData },
        { parent: this },
      );
    return [
      secret("access", MIRROR.secret, {
        [SECRETS.accessKey]: source.store.accessKey,
        [SECRETS.secretKey]: source.store.secretKey,
        [SECRETS.offsiteAccessKey]: offsite.accessKey,
        [SECRETS.offsiteSecretKey]: offsite.secretKey,
        [SECRETS.recipient]: key.recipient,
      }),
      secret("identity", MIRROR.keySecret, { [SECRETS.identity]: key.identity }),
      ...(offsite.prune
        ? [
            secret("prune-access", MIRROR.pruneSecret, {
              [SECRETS.offsiteAccessKey]: offsite.prune.accessKey,
              [SECRETS.offsiteSecretKey]: offsite.prune.secretKey,
            }),
          ]
        : []),
    ];
  }

  private monitoring(
    name: string,
    { namespace, environment }: ObjectMirrorArgs,
    { pod, needs }: { readonly pod: MirrorPodArgs; readonly needs: pulumi.Resource[] },
  ): void {
    const port = MIRROR_METRICS_PORT;
    jobsExporter(
      name,
      {
        ...{ namespace, workload: "object-mirror", names: MIRROR, labels: LABELS.exporter, port },
        readsAtStart: [pod.store.accessKey, pod.store.secretKey, pod.store.authority],
        pod: exporterPod(pod, port),
        alerts: mirrorAlerts(environment),
      },
      { parent: this, dependsOn: needs },
    );
  }
}

/** Both sides of the copy, and the key between them. */
interface Sides {
  readonly source: NonNullable<ObjectMirrorArgs["source"]>;
  readonly offsite: OffsiteStore;
  readonly key: OffsiteKey;
}

const metadataOf = (namespace: pulumi.Input<string>, name: string) => ({
  name,
  namespace,
  labels: LABELS.jobs,
});
