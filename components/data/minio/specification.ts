import type { Settings } from "../../settings";

type Buckets = Settings["minio"]["buckets"];
type Applications = Settings["minio"]["applications"];

/** Whatever begins so belongs to us: what of it is no longer declared is taken away. */
const PREFIX = "trellis-";

/** The one who may read metrics and nothing else. */
export const METRICS_USER = `${PREFIX}metrics`;

/** Who an application is to MinIO; also the name of its policy and of its file in the Secret of keys. */
export const userOf = (application: string): string => `${PREFIX}${application}`;

/** What the provisioning job reads, as JSON; its twin, which judges every field, is the specification of jobs/storage. */
export function provisionSpecification(buckets: Buckets, applications: Applications): string {
  const specification = {
    prefix: PREFIX,
    buckets: Object.entries(buckets).map(([name, { versioning, expireDays, noncurrentDays }]) => ({
      name,
      versioning,
      ...(expireDays !== undefined && { expireDays }),
      ...(versioning && { noncurrentDays }),
    })),
    users: [
      ...Object.entries(applications).map(([application, { buckets: own, epoch }]) => ({
        name: userOf(application),
        epoch,
        may: "use-buckets",
        buckets: own,
      })),
      { name: METRICS_USER, epoch: 1, may: "read-metrics" },
    ],
  };
  return `${JSON.stringify(specification, undefined, 2)}\n`;
}
