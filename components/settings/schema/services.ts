import { z } from "zod";
import { versions } from "../../shared/versions";
import { databaseName, extensionName, kubernetesName, recoveryTarget } from "../values";
import { says, wholeNumber } from "./kinds";

/** Five fields of a CronJob's schedule. */
const cronExpression = z
  .string()
  .regex(
    /^[-*/,0-9]+( [-*/,0-9]+){4}$/,
    "five fields of numbers, `*`, `/`, `-` and `,`, for example `0 10 * * 0`",
  );

/** The newest major release that an upgrade can begin from. */
const OLDER_POSTGRES = Number(versions.postgres.version.split(".")[0]) - 1;

export const epoch = wholeNumber(1, 1_000_000).default(1);

/** What a stack has where its settings name no databases, buckets and applications. */
export const USUAL = {
  databases: {
    customer_db: {},
    datasurface_merge: {},
    airflow_db: {},
    rain: {},
    crm: { extensions: ["pgcrypto", "pg_trgm"] },
  },
  buckets: {
    "crm-documents": { versioning: true },
    "crm-quotes": {},
    "crm-attachments": {},
    "crm-temp": { expireDays: 7 },
    "crm-backups": {},
    "postgres-archive": {},
    "airflow-logs": { expireDays: 90 },
    "rain-files": {},
  },
  applications: {
    crm: { buckets: ["crm-documents", "crm-quotes", "crm-attachments", "crm-temp"] },
    backups: { buckets: ["crm-backups"] },
    archive: { buckets: ["postgres-archive"] },
    airflow: { buckets: ["airflow-logs"] },
    rain: { buckets: ["rain-files"] },
  },
};

export const postgres = z
  .strictObject({
    replicas: wholeNumber(1, 9)
      .optional()
      .meta(
        says(
          "Number of PostgreSQL members, the leader included. In prod each runs on a different server.",
          "1 in dev, else 3",
        ),
      ),
    volumeGib: wholeNumber(1, 10_000)
      .default(10)
      .meta(
        says(
          "GiB of each member's data. The volume is larger by the queue of the archive (`archiveQueueHours`). A larger size grows existing volumes where their class can ([local-path cannot](runbooks/grow-volumes.md)); a smaller one is refused.",
        ),
      ),
    archiveQueueHours: wholeNumber(1, 168)
      .optional()
      .meta(
        says(
          "Hours for which WAL waits on a member's volume while the archive's store does not answer; then WAL is dropped and the archive has a gap. Each hour adds 1.9 GiB to the volume, for a leader with few writes; a busy one fills it sooner. Applies to new volumes: on an older, smaller one the queue takes at most three fifths.",
          "24 in prod, else 4",
        ),
      ),
    archiveChecks: z
      .strictObject({
        verify: cronExpression
          .default("0 10 * * 0")
          .meta(
            says(
              "When every file of the archive is read and compared with its checksum, as a cron expression in UTC.",
            ),
          ),
        drill: cronExpression
          .default("0 12 * * 6")
          .meta(
            says(
              "When a random moment is recovered from the archive and every row of it read, as a cron expression in UTC. It needs a volume as large as `volumeGib` meanwhile.",
            ),
          ),
        maxAgeDays: wholeNumber(1, 400)
          .default(8)
          .meta(
            says(
              "Days after which an alert fires because a check has not run. Raise it with rarer schedules.",
            ),
          ),
      })
      .prefault({})
      .meta(says("When the archive is checked in both stores. Never in dev.")),
    storageClass: kubernetesName
      .optional()
      .meta(says("StorageClass of the members' volumes.", "the cluster's default")),
    memoryMib: wholeNumber(512, 1_000_000)
      .optional()
      .meta(
        says(
          "Memory of each member in MiB. PostgreSQL's memory parameters and `max_connections` grow with it: 64 sessions at 1024, 100 from 1500 to 4096, then 25 for each GiB. A change restarts the members one by one.",
          "1024 in dev, 1536 in staging, 4096 in prod",
        ),
      ),
    cpuMillis: wholeNumber(100, 100_000)
      .optional()
      .meta(
        says(
          "CPU request of each member, in thousandths of a core; with `guaranteed` the limit too.",
          "500, in staging 250, with `guaranteed` 1250",
        ),
      ),
    guaranteed: z
      .boolean()
      .optional()
      .meta(
        says(
          "Whether members have the quality of service Guaranteed: when a server runs out of memory, the kernel kills other processes first, and a member uses no more CPU than `cpuMillis`. With false a member may use all CPU that its server has left, and is killed sooner. A change restarts the members one by one.",
          "true in prod",
        ),
      ),
    synchronous: z
      .union([z.boolean(), z.literal("strict")], { error: "true, false or strict" })
      .optional()
      .meta(
        says(
          "Whether a commit waits until a standby has it. With false commits are faster, and a failover can lose acknowledged rows. With `true` the leader goes on alone when no standby is left; with `strict` commits wait until one is back, so that even the loss of the leader's disk loses no acknowledged row.",
          "true from two replicas on",
        ),
      ),
    failover: z
      .enum(["standard", "fast"])
      .default("standard")
      .meta(
        says(
          "How soon another member leads after the leader is lost: its lease is 20 s (`standard`) or 12 s (`fast`). With `fast` a slow network or a slow disk of etcd causes needless failovers, so choose it only for servers in one zone with local disks. A change applies to a running cluster.",
        ),
      ),
    parameters: z
      .record(
        z.string(),
        z.union([z.string(), z.number(), z.boolean()], { error: "a text, a number, true or false" }),
      )
      .default({})
      .meta(
        says(
          "Parameters of PostgreSQL, for example `{ jit: false, statement_timeout: 5min }`. Those that Trellis sets for memory, durability, replication or encryption are refused. A change applies to a running cluster; parameters that need a restart restart the members one by one, replicas first.",
        ),
      ),
    recoverTo: recoveryTarget
      .optional()
      .meta(
        says(
          "Bootstraps a new cluster from the archive as of this moment; `latest` is the end of the archive. An existing cluster ignores it.",
          "none: a new cluster is empty",
        ),
      ),
    upgradeFrom: wholeNumber(13, OLDER_POSTGRES)
      .optional()
      .meta(
        says(
          "The major release that the data are of, while [an upgrade moves them](runbooks/postgres-upgrade.md) to the release of the image. The image then has both, members serve their data with the older one, and the Jobs of the upgrade exist. Remove it when the upgrade is confirmed.",
          "none: the data are of the image's release",
        ),
      ),
    pooling: z
      .boolean()
      .default(false)
      .meta(
        says(
          "Runs PgBouncer in transaction mode in front of the leader. More clients share fewer sessions; session state such as `SET` does not last beyond a transaction.",
        ),
      ),
    databases: z
      .record(
        databaseName,
        z.strictObject({
          extensions: z
            .array(extensionName, "a list of strings, for example `[pgcrypto, pg_trgm]`")
            .max(30)
            .default([])
            .meta(says("Extensions that a superuser creates in this database.")),
          connections: wholeNumber(1, 500)
            .optional()
            .meta(
              says(
                "Sessions that all of its logins may hold together. A preview refuses more sessions over all databases than `postgres.memoryMib` carries.",
                "what the programs that use the database need, 5 for others",
              ),
            ),
          epoch: epoch.meta(
            says(
              "Increment to give its logins new passwords. The previous passwords work until the next increment.",
            ),
          ),
        }),
      )
      .refine((databases) => Object.keys(databases).length > 0, { error: "at least one database" })
      .prefault(USUAL.databases),
  })
  .prefault({});

export const backup = z
  .strictObject({
    deletedObjectDays: wholeNumber(1, 3650)
      .default(30)
      .meta(
        says(
          "Days for which the off-site copy of object storage keeps objects that were replaced or deleted. More days need more space there.",
        ),
      ),
    retentionDays: wholeNumber(1, 3650)
      .default(30)
      .meta(
        says(
          "Days to keep daily backups, in the cluster and off-site. The newest good backup is always kept.",
        ),
      ),
    epoch: epoch.meta(
      says(
        "Increment to give the backup login a new password. The previous password works until the next increment.",
      ),
    ),
  })
  .prefault({});

export const operations = z
  .strictObject({
    healthEvery: z
      .enum(["15m", "1h", "6h", "1d"])
      .optional()
      .meta(
        says(
          "How often the operator's checks of the whole platform run. More often finds a fault earlier and keeps a shorter history: the last 168 runs.",
          "`1h`, in dev `1d`",
        ),
      ),
    page: z
      .boolean()
      .default(false)
      .meta(
        says(
          "Shows what the last run of the checks found at `https://status.<domain>`, with the history, for people and screens. It has no login: only the ranges in `target.access.web` can open it. It names servers, tables and what does not work.",
        ),
      ),
  })
  .prefault({});
