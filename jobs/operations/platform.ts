import { z } from "zod";

/**
 * What the stack has, for the checks: the program renders it from the settings, and the checks compare the running
 * platform with it. It holds names, addresses and limits, and no secret.
 */

const url = z.url();
const host = z.strictObject({ host: z.string(), port: z.int() });
const hours = z.number().positive();

export const platformSchema = z.strictObject({
  environment: z.enum(["dev", "staging", "prod"]),
  kubernetes: z.strictObject({
    /** Names of the stack's servers, which are its nodes. Empty for a cluster that the program did not create. */
    nodes: z.array(z.string()),
    /** URL of each server's own API server, past HAProxy. Empty for a cluster that the program did not create. */
    apiServers: z.array(url),
    /** The namespaces that the program guards by policies. */
    namespaces: z.array(z.string()),
  }),
  /** The address that clients use, where it can move between servers: a floating IP. */
  entrance: host.optional(),
  etcd: z.strictObject({
    members: z.array(
      z.strictObject({
        name: z.string(),
        /** The member's URL for health and metrics; over TLS it takes a client certificate. */
        metrics: url,
        /** Where clients connect; its certificate is looked at. */
        client: host,
      }),
    ),
    /** Hours between two snapshots. @default none are taken */
    snapshotEveryHours: hours.optional(),
  }),
  postgres: z.strictObject({
    namespace: z.string(),
    /** URL of the REST API of any member. */
    patroni: url,
    members: z.int().positive(),
    synchronous: z.boolean(),
    primary: host,
    replica: host,
    /** The Service, and its EndpointSlice, that leads to the leader. */
    primaryService: z.string(),
    databases: z.array(z.string()),
    /** URL of the metrics on the WAL archive. */
    archive: url.optional(),
  }),
  objects: z.strictObject({
    url,
    /** `external`: a store that is not ours. It is asked whether it answers, and nothing about its drives. */
    kind: z.enum(["minio", "external"]).default("minio"),
    /** The number of buckets that the program creates. */
    buckets: z.int(),
  }),
  backups: z
    .strictObject({
      namespace: z.string(),
      /** URL of the metrics on the backups. @default none: without monitoring there is no exporter */
      metrics: url.optional(),
      maxAgeHours: hours,
      /** Whether copies go off the cluster. */
      offsite: z.boolean(),
      cronJobs: z.array(z.string()),
    })
    .optional(),
  /** URL of the metrics on the objects' copy off the cluster. */
  mirror: url.optional(),
  airflow: z.strictObject({ url }).optional(),
  streams: z
    .strictObject({
      list: z.array(z.strictObject({ platform: z.string(), stream: z.string() })),
      maxLagHours: hours,
    })
    .optional(),
  rain: z.strictObject({ url, maxImportAgeHours: hours }).optional(),
  /** Health addresses of the CRM's services, by name. */
  gardenos: z.record(z.string(), url).optional(),
  prometheus: url.optional(),
  /** A Service whose port no policy opens to the pod of the checks: a connection must be refused. */
  forbidden: z
    .strictObject({ namespace: z.string(), service: z.string(), host: z.string(), port: z.int() })
    .optional(),
  /** The pinned versions whose makers publish an end of support. */
  pins: z.array(z.strictObject({ name: z.string(), supportedUntil: z.iso.date() })),
});

export type Platform = z.output<typeof platformSchema>;
export type PlatformInput = z.input<typeof platformSchema>;

/** The files of the certificate with which the checks ask etcd's members, in the folder OPERATIONS_ETCD. */
export const ETCD_FILES = { authority: "etcd-ca.crt", certificate: "etcd.crt", key: "etcd.key" } as const;
