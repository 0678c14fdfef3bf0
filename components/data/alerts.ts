import type { AlertRule } from "../shared/workloads";
import { backupAlerts } from "./backup";
import { minioAlerts } from "./minio";
import { mirrorAlerts } from "./mirror";
import { archiveAlerts, DATABASES, discoveryAlerts, memberAlerts, poolerAlerts } from "./postgres";

/** Every alert that this layer may declare, for the index of runbooks. */
export const dataAlerts = (): AlertRule[] => [
  ...memberAlerts({ namespace: DATABASES.namespace, replicas: 3, synchronous: true }),
  ...discoveryAlerts(DATABASES.namespace),
  ...poolerAlerts(),
  ...archiveAlerts({ repositories: 2, maxAgeDays: 8 }),
  ...backupAlerts({ environment: "prod", offsite: true }),
  ...mirrorAlerts("prod"),
  ...minioAlerts({ read: 1, write: 1 }),
];
