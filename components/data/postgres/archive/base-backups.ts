import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { monitorWorkload } from "../../../cluster";
import { LABELS, POSTGRES } from "../names";
import type { TrustedPair } from "../trusted-pair";
import type { Archive } from "./archive";
import { archiveMonitorPod, baseBackupPod, recoveryPod } from "./archive-pods";
import { archiveMonitoring } from "./monitoring";

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
    const accounts = this.accounts(name, namespace);
    const client = this.clientCertificate(name, args);
    for (const [index, hour] of HOURS.slice(0, archive.repositories).entries()) {
      const repository = index + 1;
      const target = { repository, suffix: repository === 1 ? "" : "-offsite", client, accounts };
      this.cronJobs(name, args, { ...target, hour });
      this.firstBackup(name, args, target);
    }
    this.monitor(name, args, accounts);
    this.recoveryServer(name, args, accounts);
    if (args.monitoring) {
      const monitoring = archiveMonitoring(archive.repositories);
      monitorWorkload(name, { namespace, monitoring }, { parent: this });
    }
    this.registerOutputs({});
  }

  private accounts(name: string, namespace: pulumi.Input<string>): pulumi.Resource[] {
    return [POSTGRES.baseBackup, POSTGRES.archive, POSTGRES.recovery].map(
      (account) =>
        new k8s.core.v1.ServiceAccount(
          `${name}-${account}`,
          {
            metadata: { name: account, namespace, labels: LABELS.baseBackup },
            automountServiceAccountToken: false,
          },
          { parent: this },
        ),
    );
  }

  /** The Secret with the client certificate that the members' servers accept. */
  private clientCertificate(
    name: string,
    { namespace, client: { authority, pair } }: BaseBackupsArgs,
  ): pulumi.Output<string> {
    return new k8s.core.v1.Secret(
      `${name}-client`,
      {
        metadata: { name: "postgres-base-backup-client", namespace, labels: LABELS.baseBackup },
        type: "kubernetes.io/tls",
        stringData: { "ca.crt": authority, "tls.crt": pair.cert, "tls.key": pair.key },
      },
      { parent: this },
    ).metadata.name;
  }

  /** A full backup on Sundays, and a differential one on all other days. */
  private cronJobs(
    name: string,
    args: BaseBackupsArgs,
    { hour, repository, suffix, client, accounts }: BackupTarget & { readonly hour: number },
  ): void {
    for (const [type, days] of [["full", "0"] as const, ["diff", "1-6"] as const]) {
      new k8s.batch.v1.CronJob(
        `${name}-${type}${suffix}`,
        {
          metadata: {
            name: `${POSTGRES.baseBackup}-${type}${suffix}`,
            namespace: args.namespace,
            labels: LABELS.baseBackup,
          },
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
                template: baseBackupPod(backupPodArgs(args, client), { type, repository }),
              },
            },
          },
        },
        { parent: this, dependsOn: accounts },
      );
    }
  }

  /** Takes a backup now so that recovery works before tonight's run; nothing waits for it. */
  private firstBackup(
    name: string,
    args: BaseBackupsArgs,
    { repository, suffix, client, accounts }: BackupTarget,
  ): void {
    new k8s.batch.v1.Job(
      `${name}-first${suffix}`,
      {
        metadata: {
          name: `${POSTGRES.baseBackup}-first${suffix}`,
          namespace: args.namespace,
          labels: LABELS.baseBackup,
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          backoffLimit: 20,
          template: baseBackupPod(backupPodArgs(args, client), { type: "incr", repository }),
        },
      },
      // A Job is immutable, and this one has done its work.
      { parent: this, dependsOn: accounts, ignoreChanges: ["spec"] },
    );
  }

  private monitor(name: string, args: BaseBackupsArgs, accounts: pulumi.Resource[]): void {
    const { namespace, image, archive, passwords, serverCertificate } = args;
    new k8s.apps.v1.Deployment(
      `${name}-monitor`,
      {
        metadata: { name: POSTGRES.archive, namespace, labels: LABELS.archive },
        spec: {
          replicas: 1,
          selector: { matchLabels: LABELS.archive },
          template: archiveMonitorPod({
            namespace,
            image,
            archive: archive.member, // the pod needs only the repositories, not the members' servers
            stanza: archive.archiving.stanza,
            passwords,
            serverCertificate,
            queueBytes: archive.queueBytes,
            repositories: archive.repositories,
          }),
        },
      },
      { parent: this, dependsOn: accounts },
    );
    new k8s.core.v1.Service(
      `${name}-monitor-service`,
      {
        metadata: { name: POSTGRES.archive, namespace, labels: LABELS.archive },
        spec: {
          selector: LABELS.archive,
          ports: [{ name: "metrics", port: POSTGRES.ports.archiveMetrics, targetPort: "metrics" }],
        },
      },
      { parent: this },
    );
  }

  private recoveryServer(name: string, args: BaseBackupsArgs, accounts: pulumi.Resource[]): void {
    const { namespace, image, archive, volumeGib, storageClass, cpuMillis, memoryMib } = args;
    new k8s.apps.v1.Deployment(
      `${name}-recovery`,
      {
        metadata: { name: POSTGRES.recovery, namespace, labels: LABELS.recovery },
        spec: {
          replicas: 0,
          strategy: { type: "Recreate" },
          selector: { matchLabels: LABELS.recovery },
          template: recoveryPod({
            image,
            archive: archive.member, // the pod needs only the repositories, not the members' servers
            stanza: archive.archiving.stanza,
            volumeGib,
            storageClass,
            cpuMillis,
            memoryMib,
          }),
        },
      },
      { parent: this, dependsOn: accounts, ignoreChanges: ["spec.replicas"] },
    );
  }
}

/** A repository that backups are written to, and what their pods need. */
interface BackupTarget {
  /** Number of the repository; 1 is the one in the cluster. */
  readonly repository: number;
  /** Ends the names of the repository's objects. */
  readonly suffix: string;
  /** Name of the Secret with the client certificate. */
  readonly client: pulumi.Input<string>;
  /** The service accounts, which must exist before a pod starts. */
  readonly accounts: pulumi.Resource[];
}

const backupPodArgs = ({ image, archive }: BaseBackupsArgs, client: pulumi.Input<string>) => ({
  image,
  archive: archive.backups,
  stanza: archive.archiving.stanza,
  client,
});
