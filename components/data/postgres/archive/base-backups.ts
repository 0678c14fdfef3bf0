import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { monitorWorkload } from "../../../cluster";
import { LABELS, POSTGRES } from "../names";
import type { TrustedPair } from "../trusted-pair";
import type { Archive, ArchiveChecks } from "./archive";
import { archiveCheckPod, archiveMonitorPod, baseBackupPod, recoveryPod } from "./archive-pods";
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
  /** CPU request of a member, in thousandths of a core. The recovery server asks for half a core at most. */
  readonly cpuMillis: number;
  /** Memory request and limit of the recovery server in MiB: as much as a member's. */
  readonly memoryMib: number;
  /** When the archive is verified and a recovery is tried. @default never */
  readonly checks?: ArchiveChecks | undefined;
  /** Whether the data move to another major release, which the archive must get to know. @default false */
  readonly upgrading?: boolean;
  /** Whether Prometheus runs in the cluster. Without it there is no alert on the archive. */
  readonly monitoring: boolean;
}

/**
 * Hours of the base backups (UTC). The one in the cluster precedes the logical backup at 02:00. The one off the cluster
 * follows it, because pgBackRest makes one at a time.
 */
const HOURS = [0, 4] as const;

/** There is no limit, so a recovery takes what its server has. */
const RECOVERY_CPU_MILLIS = 500;

/** A check reads the whole archive, off-site over the internet. */
const CHECK_DEADLINE_SECONDS = 12 * 3600;

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
      if (args.checks) this.checkJobs(name, args, { ...target, checks: args.checks });
    }
    if (args.upgrading) this.afterUpgrade(name, args, { client, accounts });
    this.monitor(name, args, accounts);
    this.recoveryServer(name, args, accounts);
    if (args.monitoring) {
      const monitoring = archiveMonitoring(archive.repositories, args.checks?.maxAgeDays);
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

  /** What is tried with a repository on a schedule: whether all its files are whole, and whether a moment comes back. */
  private checkJobs(
    name: string,
    args: BaseBackupsArgs,
    { repository, suffix, accounts, checks }: BackupTarget & { readonly checks: ArchiveChecks },
  ): void {
    const { namespace, image, archive, volumeGib, storageClass } = args;
    const pod = {
      ...{ image, volumeGib, storageClass },
      archive: archive.member,
      stanza: archive.archiving.stanza,
      records: archive.records,
    };
    for (const check of ["verify", "drill"] as const) {
      new k8s.batch.v1.CronJob(
        `${name}-${check}${suffix}`,
        {
          metadata: { name: `${POSTGRES.archive}-${check}${suffix}`, namespace, labels: LABELS.archive },
          spec: {
            schedule: checks[check],
            timeZone: "Etc/UTC",
            concurrencyPolicy: "Forbid",
            startingDeadlineSeconds: 6 * 3600,
            successfulJobsHistoryLimit: 2,
            failedJobsHistoryLimit: 3,
            jobTemplate: {
              spec: {
                backoffLimit: 0, // a failure needs a look
                activeDeadlineSeconds: CHECK_DEADLINE_SECONDS,
                template: archiveCheckPod(pod, { check, repository }),
              },
            },
          },
        },
        { parent: this, dependsOn: accounts },
      );
    }
  }

  /** The first backup of a new major release, which an operator starts. */
  private afterUpgrade(
    name: string,
    args: BaseBackupsArgs,
    { client, accounts }: Pick<BackupTarget, "client" | "accounts">,
  ): void {
    const pod = baseBackupPod(backupPodArgs(args, client), { type: "full", repository: 1, upgraded: true });
    new k8s.batch.v1.CronJob(
      `${name}-upgraded`,
      {
        metadata: {
          name: `${POSTGRES.baseBackup}-upgraded`,
          namespace: args.namespace,
          labels: LABELS.baseBackup,
        },
        spec: {
          schedule: "0 0 1 1 *", // a CronJob needs one; this one is suspended
          suspend: true,
          concurrencyPolicy: "Forbid",
          jobTemplate: { spec: { backoffLimit: 2, activeDeadlineSeconds: DEADLINE_SECONDS, template: pod } },
        },
      },
      { parent: this, dependsOn: accounts },
    );
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
            records: archive.records,
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
            cpuMillis: Math.min(cpuMillis, RECOVERY_CPU_MILLIS),
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
