import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Environment, OffsiteStore } from "../../settings";
import { exporterParts, jobsExporter } from "../exporter";
import type { ObjectStoreAccess } from "../minio";
import { type OffsiteKey, offsiteKey, offsitePolicy } from "../offsite";
import { backupAlerts } from "./alerts";
import {
  AUTHORITY_FILES,
  type BackupPodArgs,
  type BackupScope,
  backupPod,
  type SuperuserSecret,
} from "./backup-pod";
import { BACKUP, LABELS, SECRETS } from "./names";
import { cronJob, cronJobName, schedulesOf } from "./schedules";

export interface BackupArgs extends BackupScope {
  /** PostgreSQL's namespace, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /**
   * In dev, `verify`, `drill` and `monitor` are suspended and run only by hand; `create`, `copy` and `prune` keep their
   * schedule.
   */
  readonly environment: Environment;

  /** Name of the cluster. Off-site copies are stored below it, so that several clusters can share a bucket. */
  readonly cluster: string;

  /** The images that the backup pods run. */
  readonly images: {
    /** The jobs image; its entrypoint is `jobs`. */
    readonly jobs: pulumi.Input<string>;
    /** The members' image; a restore drill runs its scratch server from it. */
    readonly postgres: pulumi.Input<string>;
  };

  /** The bucket for the backups, with its keys. */
  readonly store: ObjectStoreAccess;

  /**
   * A bucket off the cluster that receives encrypted copies, with its keys.
   * @default none: the backups are lost with the cluster
   */
  readonly offsite?: OffsiteStore | undefined;

  /** How to reach and log in to PostgreSQL. */
  readonly postgres: {
    /** CA certificate (PEM) of the members' certificates. */
    readonly authority: pulumi.Input<string>;
    /** The login that makes backups. */
    readonly backup: { readonly user: string; readonly password: pulumi.Input<string> };
    /** The superuser's password, which only restores use. */
    readonly superuser: SuperuserSecret;
  };

  /** Whether Prometheus runs in the cluster. Without it there is no exporter and no alert on the backups. */
  readonly monitoring: boolean;

  /** Whether Pulumi refuses to delete the key of the off-site copies: nobody can make it again. @default false */
  readonly protection?: boolean | undefined;
}

/**
 * Creates the CronJobs that make, verify, prune and copy logical backups of the databases and test their restore. With
 * monitoring, it also creates an exporter and alerts.
 */
export class Backup extends pulumi.ComponentResource {
  /** The age identity that decrypts the off-site copies; secret. Keep a copy outside of the cluster. */
  readonly offsiteKey: pulumi.Output<string>;

  constructor(name: string, args: BackupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:backup:Backup", name, {}, opts);
    const key = offsiteKey(`${name}-offsite-key`, this, args.protection ?? false);
    this.offsiteKey = key.identity;
    const needs = [
      this.account(name, args),
      this.authorities(name, args),
      this.accessSecret(name, args, key),
      this.offsiteIdentity(name, args, key),
      ...this.pruneAccess(name, args),
    ];
    if (args.offsite) {
      offsitePolicy(
        `${name}-offsite-policy`,
        {
          metadata: metadataOf(args.namespace, BACKUP.offsitePolicy),
          pods: LABELS.copy,
          store: args.offsite,
        },
        { parent: this },
      );
    }
    const pod = podArgs(args);
    this.cronJobs(name, args, { pod, needs });
    if (args.monitoring) this.monitoring(name, args, { pod, needs });
    this.registerOutputs({ offsiteKey: this.offsiteKey });
  }

  private account(name: string, { namespace }: BackupArgs): pulumi.Resource {
    return new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadataOf(namespace, BACKUP.serviceAccount), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  /** The ConfigMap with the CA certificates of PostgreSQL and of the bucket. */
  private authorities(name: string, { namespace, postgres, store }: BackupArgs): pulumi.Resource {
    return new k8s.core.v1.ConfigMap(
      `${name}-authorities`,
      {
        metadata: metadataOf(namespace, BACKUP.authorities),
        data: {
          [AUTHORITY_FILES.postgres]: postgres.authority,
          [AUTHORITY_FILES.store]: store.authority ?? "",
        },
      },
      { parent: this },
    );
  }

  /** The Secret with the keys and passwords of all backup pods. */
  private accessSecret(
    name: string,
    { namespace, store, offsite, postgres }: BackupArgs,
    { recipient }: OffsiteKey,
  ): pulumi.Resource {
    const scratch = new random.RandomPassword(
      `${name}-scratch`,
      { length: 40, special: false },
      { parent: this },
    );
    return new k8s.core.v1.Secret(
      `${name}-access`,
      {
        metadata: metadataOf(namespace, BACKUP.secret),
        stringData: {
          [SECRETS.accessKey]: store.accessKey,
          [SECRETS.secretKey]: store.secretKey,
          [SECRETS.serverPassword]: postgres.backup.password,
          [SECRETS.scratchPassword]: scratch.result,
          ...(offsite && {
            [SECRETS.offsiteAccessKey]: offsite.accessKey,
            [SECRETS.offsiteSecretKey]: offsite.secretKey,
            [SECRETS.offsiteRecipient]: recipient,
          }),
        },
      },
      { parent: this },
    );
  }

  /** The Secret with the key that decrypts off-site copies, apart from what all pods get. */
  private offsiteIdentity(
    name: string,
    { namespace }: BackupArgs,
    { identity }: OffsiteKey,
  ): pulumi.Resource {
    return new k8s.core.v1.Secret(
      `${name}-offsite-identity`,
      {
        metadata: metadataOf(namespace, BACKUP.offsiteKeySecret),
        stringData: { [SECRETS.offsiteIdentity]: identity },
      },
      { parent: this },
    );
  }

  /** The Secret with the key that can delete off-site, where there is one. */
  private pruneAccess(name: string, { namespace, offsite }: BackupArgs): pulumi.Resource[] {
    if (!offsite?.prune) return [];
    const { accessKey, secretKey } = offsite.prune;
    return [
      new k8s.core.v1.Secret(
        `${name}-prune-access`,
        {
          metadata: metadataOf(namespace, BACKUP.pruneSecret),
          stringData: { [SECRETS.offsiteAccessKey]: accessKey, [SECRETS.offsiteSecretKey]: secretKey },
        },
        { parent: this },
      ),
    ];
  }

  private cronJobs(name: string, { namespace, environment }: BackupArgs, { pod, needs }: PodParts): void {
    for (const schedule of schedulesOf(pod)) {
      new k8s.batch.v1.CronJob(
        `${name}-${schedule.verb}`,
        {
          metadata: metadataOf(namespace, cronJobName(schedule.verb)),
          spec: cronJob(schedule, environment, pod),
        },
        { parent: this, dependsOn: needs },
      );
    }
  }

  private monitoring(
    name: string,
    { namespace, environment, offsite, store }: BackupArgs,
    { pod, needs }: PodParts,
  ): void {
    const port = BACKUP.metricsPort;
    const own = exporterParts(port, [{ name: "BACKUP_PORT", value: String(port) }]);
    jobsExporter(
      name,
      {
        ...{ namespace, workload: "backup", names: BACKUP, labels: LABELS.exporter, port },
        readsAtStart: [store.accessKey, store.secretKey, store.authority],
        pod: backupPod(pod, own),
        alerts: backupAlerts({ environment, offsite: offsite !== undefined }),
      },
      { parent: this, dependsOn: needs },
    );
  }
}

/** The pods' arguments, and what must exist before a pod starts. */
interface PodParts {
  readonly pod: BackupPodArgs;
  readonly needs: pulumi.Resource[];
}

function podArgs(args: BackupArgs): BackupPodArgs {
  const { images, store, offsite, postgres, databases, retentionDays, scratch } = args;
  return {
    namespace: args.namespace,
    image: images.jobs,
    postgresImage: images.postgres,
    store,
    storeHasOwnCa: store.authority !== undefined,
    offsite: offsite && {
      endpoint: offsite.endpoint,
      region: offsite.region,
      bucket: offsite.bucket,
      prefix: `${args.cluster}/backups/`,
      prunesByOwnKey: offsite.prune !== undefined,
    },
    user: postgres.backup.user,
    superuser: postgres.superuser,
    databases,
    retentionDays,
    scratch,
  };
}

const metadataOf = (namespace: pulumi.Input<string>, name: string) => ({
  name,
  namespace,
  labels: LABELS.jobs,
});
