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
  /** PostgreSQL's namespace, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** A development stack makes and prunes backups; it verifies, drills and watches them by hand alone. */
  readonly environment: Environment;

  /** What the cluster is called: copies of several may share a bucket. */
  readonly cluster: string;

  readonly images: {
    /** The jobs; its entrypoint is `jobs`. */
    readonly jobs: pulumi.Input<string>;
    /** The members', of which a drill makes a scratch server. */
    readonly postgres: pulumi.Input<string>;
  };

  /** The bucket of the backups. */
  readonly store: ObjectStoreAccess;

  /** Storage off the cluster, and its keys. @default the backups live and die with the cluster */
  readonly offsite?: OffsiteStore | undefined;

  readonly postgres: {
    /** The authority of the members' certificates, in PEM. */
    readonly authority: pulumi.Input<string>;
    /** Who makes backups. */
    readonly backup: { readonly user: string; readonly password: pulumi.Input<string> };
    /** Where the superuser's password is; for restores alone. */
    readonly superuser: BackupPodArgs["superuser"];
  };

  /** Whether there is a Prometheus to collect and to alert. */
  readonly monitoring: boolean;
}

/** Logical backups by schedule: made, read back, pruned, copied off the cluster, restored for trial, and watched. */
export class Backup extends pulumi.ComponentResource {
  /** What reads the copies off the cluster, to be kept outside of it; secret. */
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

  /** The one kind of pod here that may talk to the world, and at the one port. */
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
    // Its environment is read once: other keys are another pod.
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
