import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { inlineChart, networkPolicies, RETRIES } from "../../cluster";
import type { Environment, OffsiteStore } from "../../settings";
import { digest } from "../../shared/digest";
import type { ObjectStoreAccess } from "../minio";
import { POSTGRES_NAMESPACE } from "../postgres";
import { addOnObjects } from "./add-on-objects";
import { AUTHORITY_FILES, type BackupPodArgs } from "./backup-pod";
import { exporterDeployment, metricsService } from "./exporter";
import { BACKUP, LABELS, SECRETS } from "./names";
import { type OffsiteKey, offsiteKey } from "./offsite-key";
import { cronJob, cronJobName, schedulesOf } from "./schedules";

export interface BackupArgs extends Pick<BackupPodArgs, "databases" | "retentionDays" | "scratch"> {
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
    /** Name and key of the Secret with the superuser's password, which only restores use. */
    readonly superuser: BackupPodArgs["superuser"];
  };

  /** Whether Prometheus runs in the cluster. Without it there is no exporter and no alert on the backups. */
  readonly monitoring: boolean;
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
    const { namespace, environment, store, offsite, postgres } = args;
    const child = { parent: this };
    const metadata = (object: string, labels: Record<string, string> = LABELS.jobs) => ({
      name: object,
      namespace,
      labels,
    });

    const key = offsiteKey(`${name}-offsite-key`, this);
    this.offsiteKey = key.identity;

    const needs = [
      new k8s.core.v1.ServiceAccount(
        `${name}-account`,
        { metadata: metadata(BACKUP.serviceAccount), automountServiceAccountToken: false },
        child,
      ),
      new k8s.core.v1.ConfigMap(
        `${name}-authorities`,
        {
          metadata: metadata(BACKUP.authorities),
          data: {
            [AUTHORITY_FILES.postgres]: postgres.authority,
            [AUTHORITY_FILES.store]: store.authority,
          },
        },
        child,
      ),
      this.declareSecret(name, args, key, metadata(BACKUP.secret)),
      new k8s.core.v1.Secret(
        `${name}-offsite-identity`,
        {
          metadata: metadata(BACKUP.offsiteKeySecret),
          stringData: { [SECRETS.offsiteIdentity]: key.identity },
        },
        child,
      ),
    ];
    if (offsite) this.letCopiesOut(name, offsite, metadata(BACKUP.offsitePolicy));

    const pod: BackupPodArgs = {
      ...args,
      image: args.images.jobs,
      postgresImage: args.images.postgres,
      user: postgres.backup.user,
      superuser: postgres.superuser,
      offsite: offsite && { ...offsite, prefix: `${args.cluster}/backups/` },
    };
    for (const schedule of schedulesOf(pod)) {
      new k8s.batch.v1.CronJob(
        `${name}-${schedule.verb}`,
        {
          metadata: metadata(cronJobName(schedule.verb)),
          spec: cronJob(schedule, environment, pod),
        },
        { parent: this, dependsOn: needs },
      );
    }

    if (args.monitoring) this.tellPrometheus(name, args, pod, needs);
    this.registerOutputs({ offsiteKey: this.offsiteKey });
  }

  private declareSecret(
    name: string,
    { store, offsite, postgres }: BackupArgs,
    { recipient }: OffsiteKey,
    metadata: k8s.types.input.meta.v1.ObjectMeta,
  ): pulumi.Resource {
    const scratch = new random.RandomPassword(
      `${name}-scratch`,
      { length: 40, special: false },
      { parent: this },
    );
    return new k8s.core.v1.Secret(
      `${name}-access`,
      {
        metadata,
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

  /** Allows internet egress to the copy pods alone, and only to the store's port. */
  private letCopiesOut(
    name: string,
    { endpoint }: Pick<OffsiteStore, "endpoint">,
    metadata: k8s.types.input.meta.v1.ObjectMeta,
  ): void {
    const port = Number(new URL(endpoint).port || 443);
    const [, policy] = networkPolicies([{ to: "internet", ports: [port], pods: LABELS.copy }]);
    if (!policy) throw new Error("there is no network policy for copies");
    const { podSelector, policyTypes, egress = [] } = policy.spec;
    new k8s.networking.v1.NetworkPolicy(
      `${name}-offsite-policy`,
      {
        metadata,
        spec: {
          podSelector,
          policyTypes: [...policyTypes],
          egress: egress.map(({ to = [], ports }) => ({ to: [...to], ports: [...ports] })),
        },
      },
      { parent: this },
    );
  }

  private tellPrometheus(
    name: string,
    { namespace, environment, offsite, store }: BackupArgs,
    pod: BackupPodArgs,
    dependsOn: pulumi.Resource[],
  ): void {
    // The exporter reads its environment only when it starts, so changed keys must replace the pod.
    const keys = pulumi
      .all([store.accessKey, store.secretKey, store.authority])
      .apply((all) => digest(all.join()));
    const metadata = { name: BACKUP.exporter, namespace, labels: LABELS.exporter };
    new k8s.apps.v1.Deployment(
      `${name}-exporter`,
      { metadata, spec: exporterDeployment(pod, pulumi.unsecret(keys)) },
      { parent: this, dependsOn },
    );
    new k8s.core.v1.Service(
      `${name}-metrics-service`,
      { metadata: { ...metadata, name: BACKUP.metricsService }, spec: metricsService },
      { parent: this },
    );
    new k8s.apiextensions.CustomResource(
      `${name}-add-on-objects`,
      {
        apiVersion: "helm.cattle.io/v1",
        kind: "HelmChart",
        metadata: { name: "backup-add-on-objects", namespace: "kube-system" },
        spec: {
          ...RETRIES,
          chartContent: inlineChart(addOnObjects({ environment, offsite: offsite !== undefined })),
          targetNamespace: POSTGRES_NAMESPACE,
        },
      },
      { parent: this },
    );
  }
}
