import { z } from "zod";
import {
  applicationName,
  branchName,
  bucketName,
  databaseName,
  domainName,
  extensionName,
  gitUrl,
  imageReference,
  kubernetesName,
  modelName,
  projectFolder,
  recoveryTarget,
  slackChannel,
} from "../values";
import { says, wholeNumber } from "./kinds";

const epoch = wholeNumber(1, 1_000_000).default(1);

export const postgres = z
  .strictObject({
    replicas: wholeNumber(1, 9)
      .optional()
      .meta(says("Members of the cluster; in prod each on a server of its own.", "1 in dev, else 3")),
    volumeGib: wholeNumber(1, 10_000).default(10).meta(says("The volume of each member.")),
    storageClass: kubernetesName
      .optional()
      .meta(says("What its volumes are made of.", "the cluster's default")),
    memoryMib: wholeNumber(512, 1_000_000)
      .default(1024)
      .meta(says("What each member may use; PostgreSQL's own memory parameters follow from it.")),
    cpuMillis: wholeNumber(100, 100_000)
      .default(500)
      .meta(says("Thousandths of a processor for each member.")),
    synchronous: z
      .boolean()
      .optional()
      .meta(
        says(
          "Whether a commit waits until a replica has it, so that no acknowledged row is lost.",
          "true with replicas",
        ),
      ),
    recoverTo: recoveryTarget
      .optional()
      .meta(
        says(
          "Where a cluster that is made anew begins: with what the archive held then. One that exists never looks at it.",
          "empty",
        ),
      ),
    pooling: z.boolean().default(false).meta(says("PgBouncer in transaction mode before the leader.")),
    databases: z
      .record(
        databaseName,
        z.strictObject({
          extensions: z.array(extensionName).max(30).default([]).meta(says("Made in it by a superuser.")),
          connections: wholeNumber(1, 500)
            .default(30)
            .meta(says("How many sessions each of its logins may hold.")),
          epoch: epoch.meta(
            says("Raised to give its logins new passwords; the former ones work until the roll is done."),
          ),
        }),
      )
      .refine((databases) => Object.keys(databases).length > 0, { error: "at least one database" })
      .prefault({
        customer_db: {},
        datasurface_merge: {},
        airflow_db: {},
        rain: {},
        crm: { extensions: ["pgcrypto", "pg_trgm"] },
      }),
  })
  .prefault({});

/** A copy of an object that was overwritten or deleted costs room until it expires. */
const DAYS_OF_OLD_VERSIONS = 30;

const bucket = z.strictObject({
  versioning: z
    .boolean()
    .default(false)
    .meta(
      says(
        "Whether what is overwritten or deleted is kept as an older version.",
        "false; true for `crm-documents`",
      ),
    ),
  expireDays: wholeNumber(1, 3650)
    .optional()
    .meta(says("Objects older than this are deleted.", "never; 7 for `crm-temp`, 90 for `airflow-logs`")),
  noncurrentDays: wholeNumber(1, 3650)
    .default(DAYS_OF_OLD_VERSIONS)
    .meta(says("Days for which older versions are kept; of use with versioning alone.")),
});

export const minio = z
  .strictObject({
    pods: wholeNumber(1, 16)
      .optional()
      .meta(says("Servers of MinIO, spread over the nodes.", "1 in dev, else 3")),
    drivesPerPod: wholeNumber(1, 16)
      .optional()
      .meta(
        says("Drives of each, one volume a drive; at most 16 in all.", "2 with two or three pods, else 1"),
      ),
    parity: wholeNumber(0, 8)
      .optional()
      .meta(
        says(
          "Drives that may be lost without losing an object (EC:2).",
          "2, where that is at most half of the drives",
        ),
      ),
    volumeGib: wholeNumber(1, 100_000).default(20).meta(says("The volume of each drive.")),
    storageClass: kubernetesName
      .optional()
      .meta(says("What its volumes are made of.", "the cluster's default")),
    memoryMib: wholeNumber(256, 1_000_000)
      .optional()
      .meta(says("What each server may use.", "512 in dev, else 1024")),
    cpuMillis: wholeNumber(50, 100_000)
      .default(250)
      .meta(says("Thousandths of a processor for each server.")),
    image: imageReference
      .optional()
      .meta(
        says("A drop-in for MinIO, whose own images are withdrawn.", "`docker.io/pgsty/silo` at its pin"),
      ),
    /** All of them private. */
    buckets: z.record(bucketName, bucket).prefault({
      "crm-documents": { versioning: true },
      "crm-quotes": {},
      "crm-attachments": {},
      "crm-temp": { expireDays: 7 },
      "crm-backups": {},
      "postgres-archive": {},
      "airflow-logs": { expireDays: 90 },
      "rain-files": {},
    }),
    applications: z
      .record(
        applicationName,
        z.strictObject({
          buckets: z
            .array(bucketName)
            .min(1)
            .max(20)
            .meta(
              says(
                "A user with its own keys, who comes to these buckets and no further; the first one is its default.",
                "required for each",
              ),
            ),
          epoch: epoch.meta(says("Raised for another secret key; the former one ends at once.")),
        }),
      )
      .prefault({
        crm: { buckets: ["crm-documents", "crm-quotes", "crm-attachments", "crm-temp"] },
        backups: { buckets: ["crm-backups"] },
        archive: { buckets: ["postgres-archive"] },
        airflow: { buckets: ["airflow-logs"] },
        rain: { buckets: ["rain-files"] },
      }),
  })
  .prefault({});

export const backup = z
  .strictObject({
    retentionDays: wholeNumber(1, 3650)
      .default(30)
      .meta(
        says(
          "Days for which daily backups are kept, in the cluster and off-site; the newest good one stays in any case.",
        ),
      ),
    epoch: epoch.meta(
      says(
        "Raised to give the login that makes them a new password; the former one works until the roll is done.",
      ),
    ),
  })
  .prefault({});

const processes = (which: string, many: string) =>
  wholeNumber(1, 9)
    .optional()
    .meta(says(`How many ${which}. Each needs at least 4 sessions of airflow_db.`, many));

export const airflow = z
  .strictObject({
    host: domainName.optional().meta(says("Where its interface is.", "`airflow.` before `domain`")),
    replicas: z
      .strictObject({
        apiServer: processes("API servers", "1, in prod 2"),
        scheduler: processes("schedulers", "1, in prod 2"),
        dagProcessor: processes("DAG processors", "1"),
        triggerer: processes("triggerers", "1, in prod 2"),
      })
      .prefault({}),
    slackChannel: slackChannel
      .optional()
      .meta(says("Where failed tasks are told, given the secret `trellis:slackToken`.", "nowhere")),
  })
  .prefault({});

export const datasurface = z.strictObject({
  model: projectFolder.meta(
    says("The folder with model.yaml and the assignments, as the program reads them."),
  ),
  repository: z
    .strictObject({
      url: gitUrl.meta(
        says(
          "Where the jobs read that model, so that a change of it needs no deployment.",
          "none: the model comes with the deployment",
        ),
      ),
      branch: branchName.default("main").meta(says("The branch of it.")),
    })
    .optional(),
  platforms: z
    .array(modelName)
    .min(1)
    .max(20)
    .optional()
    .meta(says("The model's platforms that run here.", "all")),
  logins: z
    .record(
      modelName,
      z.strictObject({
        user: z
          .string()
          .min(1)
          .max(63)
          .meta(
            says(
              "By credential of the model, for databases that lie elsewhere; its password is the secret `trellis:sourcePassword_<name>`. The platform's own databases need nothing.",
              "none",
            ),
          ),
      }),
    )
    .default({}),
  simulator: z
    .strictObject({
      replicas: wholeNumber(0, 10)
        .default(0)
        .meta(says("What changes the customers and addresses of customer_db; 0 stops it.")),
      changesPerSecond: z
        .number()
        .positive()
        .max(1000)
        .optional()
        .meta(says("How fast it does.", "one change of each in 10 to 25 seconds")),
    })
    .prefault({}),
});
