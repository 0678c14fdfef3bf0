import { z } from "zod";
import {
  applicationName,
  bucketName,
  databaseName,
  extensionName,
  imageReference,
  kubernetesName,
  origins,
  recoveryTarget,
} from "../values";
import { says, wholeNumber } from "./kinds";

const epoch = wholeNumber(1, 1_000_000).default(1);

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
          "GiB of each member's data. The volume is larger by the queue of the archive (`archiveQueueHours`). Applies to new volumes; [to grow those that exist](runbooks/grow-volumes.md).",
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
          "CPU request of each member, in thousandths of a core. There is no limit.",
          "500, in staging 250",
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

/** A copy of an overwritten or deleted object uses space until it expires. */
const DAYS_OF_OLD_VERSIONS = 30;

const bucket = z.strictObject({
  versioning: z
    .boolean()
    .default(false)
    .meta(
      says(
        "Whether overwritten and deleted objects are kept as older versions, which need space.",
        "false; true for `crm-documents`",
      ),
    ),
  expireDays: wholeNumber(1, 3650)
    .optional()
    .meta(says("Days after which objects are deleted.", "never; 7 for `crm-temp`, 90 for `airflow-logs`")),
  noncurrentDays: wholeNumber(1, 3650)
    .default(DAYS_OF_OLD_VERSIONS)
    .meta(says("Days to keep older versions, with `versioning`. More days need more space.")),
  mirror: z
    .boolean()
    .optional()
    .meta(
      says(
        "Whether the objects are copied to the off-site store each hour, with `offsite`.",
        "true; false with `expireDays`, and for the buckets of the applications `backups` and `archive`, which have their own copies",
      ),
    ),
});

export const minio = z
  .strictObject({
    pods: wholeNumber(1, 16)
      .optional()
      .meta(
        says(
          "Number of MinIO pods, spread evenly over the nodes. Permanent, because MinIO never changes the drives of a pool ([layouts](minio.md#which-layout)).",
          "1 in dev, else 3",
        ),
      ),
    drivesPerPod: wholeNumber(1, 16)
      .optional()
      .meta(
        says(
          "Drives of each pod, each on its own volume; at most 16 in total. Permanent like `pods`.",
          "2 with two or three pods, else 1",
        ),
      ),
    parity: wholeNumber(0, 8)
      .optional()
      .meta(
        says(
          "Drives that may fail without losing an object (2 is EC:2). Raising it leaves less usable space.",
          "2, or half of the drives if that is less",
        ),
      ),
    volumeGib: wholeNumber(1, 100_000)
      .default(20)
      .meta(
        says(
          "GiB of each drive's volume. Applies to new volumes; [to grow those that exist](runbooks/grow-volumes.md).",
        ),
      ),
    storageClass: kubernetesName
      .optional()
      .meta(says("StorageClass of the drives' volumes.", "the cluster's default")),
    memoryMib: wholeNumber(256, 1_000_000)
      .optional()
      .meta(
        says(
          "Memory of each MinIO pod in MiB. A change restarts the pods one by one.",
          "512 in dev, else 1024",
        ),
      ),
    cpuMillis: wholeNumber(50, 100_000)
      .default(250)
      .meta(says("CPU request of each MinIO pod, in thousandths of a core. There is no limit.")),
    image: imageReference
      .optional()
      .meta(
        says(
          "Image of a server compatible with MinIO, which withdrew its own images.",
          "`docker.io/pgsty/silo`, pinned",
        ),
      ),
    corsOrigins: origins
      .default([])
      .meta(
        says(
          "Origins whose pages may call the S3 API from a browser (CORS), for example to upload by a signed link. A change restarts the pods one by one.",
          "none",
        ),
      ),
    /** All buckets are private. */
    buckets: z.record(bucketName, bucket).prefault(USUAL.buckets),
    applications: z
      .record(
        applicationName,
        z.strictObject({
          buckets: z
            .array(bucketName, "a list of buckets, for example `[crm-documents, crm-temp]`")
            .min(1)
            .max(20)
            .meta(
              says(
                "Buckets that this application's user can access with its own keys. The first is its default bucket.",
                "required for each",
              ),
            ),
          epoch: epoch.meta(
            says(
              "Increment to replace the secret key. The former key stops working when the provisioning Job is done.",
            ),
          ),
        }),
      )
      .prefault(USUAL.applications),
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
  })
  .prefault({});
