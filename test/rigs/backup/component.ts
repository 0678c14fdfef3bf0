import { type KubernetesObject, kubernetesObject } from "../../../cli/shared/kubernetes-objects";
import { Backup, type BackupArgs } from "../../../components/data/backup";
import { evaluateStack } from "../evaluate";

export const BACKUP_ARGS: BackupArgs = {
  namespace: "postgres",
  environment: "prod",
  cluster: "trellis",
  images: { jobs: "registry.example/jobs@sha256:01", postgres: "registry.example/postgres@sha256:02" },
  databases: ["crm", "rain"],
  retentionDays: 30,
  scratch: { size: "10Gi" },
  store: {
    endpoint: "https://minio-api.storage.svc.cluster.local:9000",
    region: "us-east-1",
    bucket: "crm-backups",
    accessKey: "trellis-backups",
    secretKey: "the-key-of-the-store",
    authority: "the authority of the store",
  },
  offsite: {
    endpoint: "https://nbg1.your-objectstorage.com",
    region: "nbg1",
    bucket: "example-offsite" as NonNullable<BackupArgs["offsite"]>["bucket"], // safe: the schema would take it
    accessKey: "the-name-of-offsite",
    secretKey: "the-key-of-offsite",
  },
  postgres: {
    authority: "the authority of postgres",
    backup: { user: "trellis_backup_1", password: "the-password-of-backups" },
    superuser: { secret: "postgres-passwords", key: "PATRONI_SUPERUSER_PASSWORD" },
  },
  monitoring: true,
};

/** All objects that the component declares. */
export async function backupObjects(changes: Partial<BackupArgs> = {}): Promise<KubernetesObject[]> {
  const args = { ...BACKUP_ARGS, ...changes };
  const { resources } = await evaluateStack({ program: () => void new Backup("backup", args) });
  return resources.flatMap((each) => kubernetesObject(each, each.inputs) ?? []);
}
