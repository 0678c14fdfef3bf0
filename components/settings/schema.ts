import { z } from "zod";
import { locationNames } from "./locations";
import { serverTypeNames } from "./server-types";
import {
  applicationName,
  branchName,
  bucketName,
  cidr,
  databaseName,
  domainName,
  emailAddress,
  extensionName,
  gitUrl,
  httpsUrl,
  imageReference,
  imageRepository,
  kubernetesName,
  modelName,
  projectFolder,
  slackChannel,
  sshPublicKey,
} from "./values";

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export const ROLES = ["etcd", "control-plane", "workload"] as const;
export type Role = (typeof ROLES)[number];

const wholeNumber = (min: number, max: number) => z.int().min(min).max(max);

/** A node's number is part of its name and its address, so it is bounded by the addresses of a location. */
const MOST_SERVERS_A_LOCATION = 200;
const nodeNumber = wholeNumber(1, MOST_SERVERS_A_LOCATION);

const servers = z.strictObject({
  /** Where these servers stand. */
  location: z.enum(locationNames),
  /** The wanted server type, then what to take instead where that is sold out: all of one memory size. */
  types: z.array(z.enum(serverTypeNames)).min(1).max(6),
  /** What they do. The default is a hybrid server, which does all; workload alone makes it an agent. */
  roles: z
    .array(z.enum(ROLES))
    .min(1)
    .max(3)
    .default([...ROLES]),
  /** How many: short for the numbers from 1 to count. */
  count: wholeNumber(1, MOST_SERVERS_A_LOCATION).optional(),
  /** Their numbers within the location. Listed, any one can be added or removed without touching another. */
  numbers: z.array(nodeNumber).min(1).max(MOST_SERVERS_A_LOCATION).optional(),
});

const network = z
  .strictObject({
    /** The private network of the servers, where all of them share one network zone. */
    servers: cidr.default(cidr.parse("10.0.0.0/16")),
    /** The addresses of the pods. */
    pods: cidr.default(cidr.parse("10.42.0.0/16")),
    /** The virtual addresses of the cluster's services; the tenth is the name server. */
    services: cidr.default(cidr.parse("10.43.0.0/16")),
  })
  .prefault({});

const access = z.strictObject({
  /** The people who may log in to servers, by key. Nobody may by password. */
  sshKeys: z
    .array(z.strictObject({ name: kubernetesName, publicKey: sshPublicKey }))
    .min(1)
    .max(50),
  /** From where SSH and the Kubernetes API may be reached. */
  from: z.array(cidr).min(1).max(50),
});

const edge = z.discriminatedUnion("kind", [
  z.strictObject({
    /** keepalived elects a server, which then moves a Hetzner floating IP to itself. Needs one network zone. */
    kind: z.literal("floating-ip"),
    /** The VRRP group; to be changed only where another keepalived shares the private network. */
    virtualRouterId: wholeNumber(1, 255).default(51),
  }),
  z.strictObject({
    /** A managed load balancer of Hetzner stands before the servers. Needs one network zone. */
    kind: z.literal("load-balancer"),
    type: z.enum(["lb11", "lb21", "lb31"]).default("lb11"),
  }),
  z.strictObject({
    /** Clients find the servers by the DNS records alone, which point at each of them. */
    kind: z.literal("dns"),
  }),
]);

const etcd = z
  .strictObject({
    /** The size at which etcd refuses to grow, in GiB. */
    quotaGib: wholeNumber(1, 8).default(4),
    /** Hours between two snapshots. */
    snapshotEveryHours: wholeNumber(1, 24).default(6),
    /** Days for which snapshots are kept. */
    snapshotKeepDays: wholeNumber(1, 365).default(30),
  })
  .prefault({});

const kubernetes = z
  .strictObject({
    /** Hours of the day (UTC) in which the system-upgrade-controller may replace the K3s binary of a node. */
    upgradeWindow: z
      .strictObject({ startHour: wholeNumber(0, 23), lengthHours: wholeNumber(1, 24) })
      .default({ startHour: 1, lengthHours: 4 }),
  })
  .prefault({});

const addons = z
  .strictObject({
    /** Certificates from Let's Encrypt. */
    certManager: z.boolean().default(true),
    /** Prometheus, Alertmanager and Grafana. */
    monitoring: z.boolean().default(true),
    /** Hetzner's cloud controller and volumes; they need the secret `trellis:hcloudToken`. */
    hetzner: z.boolean().default(true),
  })
  .prefault({});

const price = z.number().min(0).max(100_000);

export const hetznerTarget = z.strictObject({
  kind: z.literal("hetzner"),
  /** The servers, declared once; all else derives from this list. */
  servers: z.array(servers).min(1).max(30),
  network,
  access,
  edge,
  etcd,
  kubernetes,
  addons,
  /** Refuses deletion and rebuilding of servers, addresses and volumes, at Hetzner and in the program. */
  protection: z.boolean().default(true),
  /**
   * Server name to generation. A changed user data alone replaces nothing; raising a server's generation replaces
   * that one, with the user data of now.
   */
  generations: z.record(z.string().max(64), wholeNumber(1, 1_000_000)).default({}),
  /** Monthly prices in euros that differ from the built-in table, by the name of what is billed. */
  prices: z.record(z.string().max(64), price).default({}),
});

export const existingTarget = z.strictObject({
  kind: z.literal("existing"),
  /** The context of the kubeconfig; the kubeconfig itself is the secret `trellis:kubeconfig`. */
  context: z.string().min(1).max(253).optional(),
  /** The storage class that volumes are made of. */
  storageClass: kubernetesName.default(kubernetesName.parse("local-path")),
});

const target = z.discriminatedUnion("kind", [hetznerTarget, existingTarget]);

const offsite = z.strictObject({
  /** An S3 endpoint that does not live in this cluster. */
  endpoint: httpsUrl,
  region: z.string().regex(/^[a-z0-9-]{2,40}$/, { error: "a region's name, such as fsn1 or eu-central-1" }),
  bucket: bucketName,
});

const postgres = z
  .strictObject({
    /** Members of the cluster. @default 1 in dev, else 3 */
    replicas: wholeNumber(1, 9).optional(),
    /** The volume of each member. */
    volumeGib: wholeNumber(1, 10_000).default(10),
    /** Another storage class than the cluster's default. */
    storageClass: kubernetesName.optional(),
    /** What each member may use; PostgreSQL's own memory parameters follow from it. */
    memoryMib: wholeNumber(512, 1_000_000).default(1024),
    cpuMillis: wholeNumber(100, 100_000).default(500),
    /** Whether a commit waits until a replica has it, so that no acknowledged row is lost. @default with replicas */
    synchronous: z.boolean().optional(),
    /** PgBouncer in transaction mode before the leader. */
    pooling: z.boolean().default(false),
    /** The applications' databases, each with an owner and roles of its own. */
    databases: z
      .record(
        databaseName,
        z.strictObject({
          extensions: z.array(extensionName).max(30).default([]),
          /** How many sessions each of its logins may hold. */
          connections: wholeNumber(1, 500).default(30),
          /** Raised to give its logins new passwords; the former ones work until the roll is done. */
          epoch: wholeNumber(1, 1_000_000).default(1),
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
  /** Whether what is overwritten or deleted is kept as an older version. */
  versioning: z.boolean().default(false),
  /** Days after which objects are deleted. @default never */
  expireDays: wholeNumber(1, 3650).optional(),
  /** Days for which older versions are kept; of use with versioning alone. */
  noncurrentDays: wholeNumber(1, 3650).default(DAYS_OF_OLD_VERSIONS),
});

const minio = z
  .strictObject({
    /** Servers of MinIO. @default 1 in dev; else 4 over four nodes or more, and otherwise one a node */
    pods: wholeNumber(1, 16).optional(),
    /** Drives of each, one volume a drive. @default as many as keep writes when a node is lost */
    drivesPerPod: wholeNumber(1, 16).optional(),
    /** How many of an object's shards are parity, and so how many drives may be lost. @default 2, where that fits */
    parity: wholeNumber(0, 8).optional(),
    /** The volume of each drive. */
    volumeGib: wholeNumber(1, 100_000).default(20),
    /** Another storage class than the cluster's default. */
    storageClass: kubernetesName.optional(),
    /** What each server may use. @default 512 in dev, else 1024 */
    memoryMib: wholeNumber(256, 1_000_000).optional(),
    cpuMillis: wholeNumber(50, 100_000).default(250),
    /** The image, with a tag or a digest. @default the pinned release of pgsty/silo */
    image: imageReference.optional(),
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
    /** Who may come in, each with keys of its own and no further than its buckets; the first one is its default. */
    applications: z
      .record(
        applicationName,
        z.strictObject({
          buckets: z.array(bucketName).min(1).max(20),
          /** Raised to give it another secret key; the former one ends at once. */
          epoch: wholeNumber(1, 1_000_000).default(1),
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

const processes = wholeNumber(1, 9).optional();

const airflow = z
  .strictObject({
    /** The name of its interface. @default airflow, below the domain */
    host: domainName.optional(),
    /** How many of each process. @default 1, and in prod 2 of all but the DAG processor */
    replicas: z
      .strictObject({
        apiServer: processes,
        scheduler: processes,
        dagProcessor: processes,
        triggerer: processes,
      })
      .prefault({}),
    /** Where failed tasks are told, given the secret `trellis:slackToken`. */
    slackChannel: slackChannel.optional(),
  })
  .prefault({});

const datasurface = z.strictObject({
  /** The folder with model.yaml and the assignments, as the program reads them. */
  model: projectFolder,
  /** Where the jobs read that model, so that a change of it needs no deployment. @default it comes with the deployment */
  repository: z.strictObject({ url: gitUrl, branch: branchName.default("main") }).optional(),
  /** The model's platforms that run here. @default all */
  platforms: z.array(modelName).min(1).max(20).optional(),
  /**
   * Credentials of the model for databases that lie elsewhere, by name; each password is the secret
   * `trellis:sourcePassword_<name>`. Those of the platform's own databases need nothing.
   */
  logins: z.record(modelName, z.strictObject({ user: z.string().min(1).max(63) })).default({}),
  /** What changes the customers and addresses of customer_db at random. */
  simulator: z
    .strictObject({
      /** How many at once; 0 stops it. */
      replicas: wholeNumber(0, 10).default(0),
      /** @default one change of each in 10 to 25 seconds */
      changesPerSecond: z.number().positive().max(1000).optional(),
    })
    .prefault({}),
});

const backup = z
  .strictObject({
    /** Days for which daily backups are kept, in the cluster and off-site; the newest good one stays in any case. */
    retentionDays: wholeNumber(1, 3650).default(30),
    /** Raised to give the login that makes them a new password; the former one works until the roll is done. */
    epoch: wholeNumber(1, 1_000_000).default(1),
  })
  .prefault({});

const images = z.strictObject({
  /** Where the program pushes the images that it builds, as `<repository>-jobs` and so on; who pushes is logged in. */
  repository: imageRepository,
});

const epochs = z
  .strictObject({
    /** Raised to renew all certificates below the authorities. */
    certificates: wholeNumber(1, 1_000_000).default(1),
  })
  .prefault({});

export const settingsSchema = z.strictObject({
  /** Decides the strictness of the checks and the size of the defaults. */
  environment: z.enum(ENVIRONMENTS),
  /** What the cluster is called, in names and labels. */
  cluster: kubernetesName.default(kubernetesName.parse("trellis")),
  /** The domain below which all endpoints live. */
  domain: domainName,
  /** Who hears of expiring certificates. */
  contact: emailAddress,
  target,
  /** Object storage off the cluster, for snapshots and backups; its keys are `trellis:offsiteAccessKey` and `trellis:offsiteSecretKey`. */
  offsite: offsite.optional(),
  images,
  postgres,
  minio,
  /** Airflow runs where `postgres.databases` has airflow_db. */
  airflow,
  /** Ingestion by Airflow. @default none */
  datasurface: datasurface.optional(),
  backup,
  epochs,
  /** Pins (components/versions.ts) that may be deployed although their support has ended. */
  acceptOutOfSupport: z.array(z.string().max(64)).default([]),
});

export type Settings = z.infer<typeof settingsSchema>;
export type HetznerTarget = z.infer<typeof hetznerTarget>;
export type ExistingTarget = z.infer<typeof existingTarget>;
export type ServerGroup = HetznerTarget["servers"][number];
export type Edge = HetznerTarget["edge"];
export type Offsite = z.infer<typeof offsite>;
