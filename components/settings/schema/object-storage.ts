import { z } from "zod";
import {
  applicationName,
  bucketName,
  certificates,
  httpsUrl,
  imageReference,
  kubernetesName,
  origins,
} from "../values";
import { s3Region, says, wholeNumber } from "./kinds";
import { epoch, USUAL } from "./services";

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

/** All buckets are private. */
const buckets = z.record(bucketName, bucket).prefault(USUAL.buckets);

const ownBuckets = z
  .array(bucketName, "a list of buckets, for example `[crm-documents, crm-temp]`")
  .min(1)
  .max(20)
  .meta(
    says(
      "Buckets that this application can access with its keys. The first is its default bucket.",
      "required for each",
    ),
  );

const KIND = says(
  "Where objects are stored: `minio` runs servers in the cluster, `external` uses a store with S3's API that you already have ([how](minio.md#another-store)). A change moves no object.",
  "`minio`",
);

/** MinIO's servers in the cluster. */
const ownStore = z.strictObject({
  kind: z.literal("minio").optional().meta(KIND),
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
        "GiB of each drive's volume. A larger size grows existing volumes where their class can ([local-path cannot](runbooks/grow-volumes.md)); a smaller one is refused.",
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
  buckets,
  applications: z
    .record(
      applicationName,
      z.strictObject({
        buckets: ownBuckets,
        epoch: epoch.meta(
          says(
            "Increment to replace the secret key. The former key stops working when the provisioning Job is done.",
          ),
        ),
      }),
    )
    .prefault(USUAL.applications),
});

/** Any store with S3's API, in place of MinIO. */
const externalStore = z.strictObject({
  kind: z.literal("external").meta(KIND),
  endpoint: httpsUrl.meta(
    says(
      "S3 endpoint of the store, at a public address. The jobs address buckets by path.",
      "required with `kind: external`",
    ),
  ),
  region: s3Region.meta({
    title: "region",
    ...says("S3 region of that endpoint.", "required with `kind: external`"),
  }),
  prefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,29}$/, {
      error: "a prefix of buckets: up to 30 lower-case letters, digits and dashes, such as acme-prod-",
    })
    .optional()
    .meta({
      title: "beginning of names",
      ...says(
        "Beginning of the buckets' names at the store, for a store that shares names between its customers: with `acme-prod-` the bucket `crm-documents` is `acme-prod-crm-documents` there.",
      ),
    }),
  authority: certificates
    .optional()
    .meta(says("CA certificate of the store (PEM), for a store that public CAs do not vouch for.")),
  buckets,
  applications: z
    .record(applicationName, z.strictObject({ buckets: ownBuckets }))
    .prefault(USUAL.applications),
});

export const minio = z.discriminatedUnion("kind", [ownStore, externalStore]).prefault({});

/** Settings of object storage in the cluster. */
export type OwnStoreSettings = z.infer<typeof ownStore>;
/** Settings of object storage elsewhere. */
export type ExternalStoreSettings = z.infer<typeof externalStore>;
