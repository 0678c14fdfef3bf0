import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { inlineChart, type Manifest, RETRIES } from "../../../cluster";
import { LABELS, POSTGRES, POSTGRES_NAMESPACE } from "../names";
import type { TrustedPair } from "../trusted-pair";
import { archiveAlerts } from "./alerts";
import type { Archive } from "./archive";
import { archiveMonitorPod, baseBackupPod, recoveryPod } from "./archive-pods";

export interface BaseBackupsArgs {
  /** PostgreSQL's namespace. */
  readonly namespace: pulumi.Input<string>;
  /** Image with PostgreSQL, pgBackRest and the jobs. */
  readonly image: pulumi.Input<string>;
  /** The repositories that base backups are written to. */
  readonly archive: Archive;
  /** The client certificate that the members' servers accept. */
  readonly client: TrustedPair;
  /** Name of the Secret with the members' passwords. */
  readonly passwords: pulumi.Input<string>;
  /** Name of the Secret whose `ca.crt` verifies the members. */
  readonly serverCertificate: pulumi.Input<string>;
  /** Size of the recovery server's volume in GiB: as large as a member's. */
  readonly volumeGib: number;
  /** StorageClass of the recovery server's volume; undefined for the cluster's default. */
  readonly storageClass: string | undefined;
  /** CPU request of the recovery server, in thousandths of a core: as much as a member's. */
  readonly cpuMillis: number;
  /** Memory request and limit of the recovery server in MiB: as much as a member's. */
  readonly memoryMib: number;
  /** Whether Prometheus runs in the cluster. Without it there is no alert on the archive. */
  readonly monitoring: boolean;
}

/**
 * Hours of the base backups (UTC). The one in the cluster precedes the logical backup at 02:00. The one off the cluster
 * follows it, because pgBackRest makes one at a time.
 */
const HOURS = [0, 4] as const;

/** A backup that takes longer is taken to be stuck, and is stopped. */
const DEADLINE_SECONDS = 3 * 3600;

/**
 * Creates the CronJobs of the base backups that a recovery starts from, and a monitor of the archive. It also creates a
 * recovery server with no replicas, which people scale up to look at a past moment.
 */
export class BaseBackups extends pulumi.ComponentResource {
  constructor(name: string, args: BaseBackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:BaseBackups", name, {}, opts);
    const { namespace, archive } = args;
    const child = { parent: this };
    const metadata = (object: string, labels: Record<string, string> = LABELS.baseBackup) => ({
      name: object,
      namespace,
      labels,
    });

    const accounts = [POSTGRES.baseBackup, POSTGRES.archive, POSTGRES.recovery].map(
      (account) =>
        new k8s.core.v1.ServiceAccount(
          `${name}-${account}`,
          { metadata: metadata(account), automountServiceAccountToken: false },
          child,
        ),
    );
    const { authority, pair } = args.client;
    const client = new k8s.core.v1.Secret(
      `${name}-client`,
      {
        metadata: metadata("postgres-base-backup-client"),
        type: "kubernetes.io/tls",
        stringData: { "ca.crt": authority, "tls.crt": pair.cert, "tls.key": pair.key },
      },
      child,
    ).metadata.name;
    const { stanza } = archive.archiving;
    const backup = { image: args.image, archive: archive.backups, stanza, client };
    // These pods need only the repositories, not the members' servers.
    const reader = { ...args, archive: archive.member, stanza };
    const after = { parent: this, dependsOn: accounts };

    for (const [index, hour] of HOURS.slice(0, archive.repositories).entries()) {
      const repository = index + 1;
      const where = repository === 1 ? "" : "-offsite";
      for (const [type, days] of [["full", "0"] as const, ["diff", "1-6"] as const]) {
        const object = `${POSTGRES.baseBackup}-${type}${where}`;
        new k8s.batch.v1.CronJob(
          `${name}-${type}${where}`,
          {
            metadata: metadata(object),
            spec: {
              schedule: `30 ${hour} * * ${days}`,
              timeZone: "Etc/UTC",
              concurrencyPolicy: "Forbid",
              startingDeadlineSeconds: 3600,
              successfulJobsHistoryLimit: 3,
              failedJobsHistoryLimit: 3,
              jobTemplate: {
                spec: {
                  backoffLimit: 2,
                  activeDeadlineSeconds: DEADLINE_SECONDS,
                  template: baseBackupPod(backup, { type, repository }),
                },
              },
            },
          },
          after,
        );
      }
      // Take a backup now so that recovery works before tonight's run; nothing waits for it.
      new k8s.batch.v1.Job(
        `${name}-first${where}`,
        {
          metadata: {
            ...metadata(`${POSTGRES.baseBackup}-first${where}`),
            annotations: { "pulumi.com/skipAwait": "true" },
          },
          spec: { backoffLimit: 20, template: baseBackupPod(backup, { type: "incr", repository }) },
        },
        { ...after, ignoreChanges: ["spec"] }, // a Job is immutable, and this one has done its work
      );
    }

    new k8s.apps.v1.Deployment(
      `${name}-monitor`,
      {
        metadata: metadata(POSTGRES.archive, LABELS.archive),
        spec: {
          replicas: 1,
          selector: { matchLabels: LABELS.archive },
          template: archiveMonitorPod({
            ...reader,
            queueBytes: archive.queueBytes,
            repositories: archive.repositories,
          }),
        },
      },
      after,
    );
    new k8s.apps.v1.Deployment(
      `${name}-recovery`,
      {
        metadata: metadata(POSTGRES.recovery, LABELS.recovery),
        spec: {
          replicas: 0,
          strategy: { type: "Recreate" },
          selector: { matchLabels: LABELS.recovery },
          template: recoveryPod(reader),
        },
      },
      { ...after, ignoreChanges: ["spec.replicas"] },
    );
    if (args.monitoring) {
      new k8s.apiextensions.CustomResource(
        `${name}-add-on-objects`,
        {
          apiVersion: "helm.cattle.io/v1",
          kind: "HelmChart",
          metadata: { name: "postgres-archive-add-on-objects", namespace: "kube-system" },
          spec: {
            ...RETRIES,
            chartContent: inlineChart({
              name: "postgres-archive-add-on-objects",
              manifests: [podMonitor, prometheusRule(archive.repositories)],
            }),
            targetNamespace: POSTGRES_NAMESPACE,
          },
        },
        child,
      );
    }
    this.registerOutputs({});
  }
}

const monitored = { name: POSTGRES.archive, namespace: POSTGRES_NAMESPACE, labels: LABELS.archive };

const podMonitor: Manifest = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PodMonitor",
  metadata: monitored,
  spec: {
    selector: { matchLabels: LABELS.archive },
    podMetricsEndpoints: [{ port: "metrics", interval: "30s", scrapeTimeout: "25s" }],
  },
};

const prometheusRule = (repositories: number): Manifest => ({
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: monitored,
  spec: { groups: [{ name: "postgres-archive", rules: archiveAlerts({ repositories }) }] },
});
