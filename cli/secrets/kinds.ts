import { CRM } from "../../components/settings";

/** How the holders of a secret get another one. */
export type Rotation =
  | {
      readonly by: "setting";
      /** The epoch in the settings, which `trellis rotate` raises. */
      readonly path: readonly string[];
    }
  | {
      readonly by: "replacement";
      /** Resources that must be replaced together with the secret, by the end of their names. @default none */
      readonly along?: readonly string[];
    }
  | { readonly by: "configuration" }
  | {
      readonly by: "runbook";
      /** The section, from `docs/runbooks`. */
      readonly section: string;
    };

/** Secrets that are rotated together. */
export interface SecretKind {
  /** The word for `trellis rotate`. */
  readonly name: string;
  /** What the secrets open. */
  readonly opens: string;
  readonly rotation: Rotation;
  /** When the former secret stops working, and what is left to do. */
  readonly former: string;
}

/** The part of a resource by which its kind is known. */
export interface SecretResource {
  readonly name: string;
  /** What the key or the text is for: it belongs to a CA, to a certificate of a CA, or to neither. */
  readonly of: "authority" | "certificate" | "none";
}

type Describe = (...groups: readonly string[]) => SecretKind;

/** One row: resources of these names are secrets of this kind. The first row that fits counts. */
interface Row {
  readonly of: SecretResource["of"];
  readonly name: RegExp;
  readonly kind: Describe;
}

const setting = (...path: string[]): Rotation => ({ by: "setting", path });
const runbook = (section: string): Rotation => ({ by: "runbook", section });

const database: Describe = (name = "") => ({
  name: `database-${name}`,
  opens: `the database ${name}`,
  rotation: setting("postgres", "databases", name, "epoch"),
  former: "with the increment after this one",
});

const copies: Describe = () => ({
  name: "copies",
  opens: "backups, snapshots and copies that exist already",
  rotation: runbook("rotate-secrets.md#keys-of-copies"),
  former: "never: the copies that it encrypted need it",
});

/** Every generated secret of the platform. A test fails for a secret of a plan that is not here. */
const ROWS: readonly Row[] = [
  {
    of: "certificate",
    name: /-client-ca-(?:developer|reader)$/,
    kind: () => ({
      name: "kubeconfigs",
      opens: "the Kubernetes API, for developers and readers",
      rotation: setting("epochs", "kubeconfigs"),
      former:
        "at once: its group loses its rights. Distribute the outputs kubeconfigDeveloper and kubeconfigReadOnly again",
    }),
  },
  {
    of: "certificate",
    name: /./,
    kind: () => ({
      name: "certificates",
      opens: "etcd, the Kubernetes API, PostgreSQL and object storage",
      rotation: setting("epochs", "certificates"),
      former:
        "at its expiry. Install the new ones on the servers (docs/runbooks/rotate-certificates.md#renew) and distribute the output kubeconfig again",
    }),
  },
  {
    of: "authority",
    name: /./,
    kind: () => ({
      name: "authorities",
      opens: "everything that trusts the CAs",
      rotation: runbook("rotate-certificates.md#a-new-ca"),
      former: "when nothing trusts the former CA any more",
    }),
  },
  {
    of: "none",
    name: /-pki-service-account$/,
    kind: () => ({
      name: "service-accounts",
      opens: "the Kubernetes API: it signs the tokens of service accounts",
      rotation: runbook("rotate-secrets.md#k3s-tokens-and-the-key-of-service-accounts"),
      former: "when no server has it any more",
    }),
  },
  {
    of: "none",
    name: /-join-secrets-(?:server-token|agent-token|tunnel-key)$/,
    kind: () => ({
      name: "k3s-tokens",
      opens: "the cluster, for servers that join",
      rotation: runbook("rotate-secrets.md#k3s-tokens-and-the-key-of-service-accounts"),
      former: "when K3s has the new one",
    }),
  },
  {
    of: "none",
    name: /-join-secrets-secrets-encryption-key$/,
    kind: () => ({
      name: "encryption-key",
      opens: "Secrets in etcd and in its snapshots",
      rotation: runbook("encryption-key.md#rotate"),
      former: "when every Secret is encrypted again; snapshots from before need it",
    }),
  },
  { of: "none", name: /-snapshots$|-archive-passphrase-\d+$|-offsite-key$/, kind: copies },
  {
    of: "none",
    name: /-cluster-(?:superuser|replication|rewind|rest)$/,
    kind: () => ({
      name: "postgres-own",
      opens: "PostgreSQL, for its superuser, its replication and Patroni",
      rotation: runbook("rotate-secrets.md#postgresqls-own-logins"),
      former: "with ALTER ROLE",
    }),
  },
  {
    of: "none",
    name: /-patroni$/,
    kind: () => ({
      name: "etcd-patroni",
      opens: "Patroni's keys in etcd",
      rotation: runbook("rotate-secrets.md#patronis-password-for-etcd"),
      former: "when etcd has the new one",
    }),
  },
  {
    of: "none",
    name: /-databases-trellis_backup_\d+$/,
    kind: () => ({
      name: "backup-login",
      opens: "every database, for the jobs that back it up",
      rotation: setting("backup", "epoch"),
      former: "with the increment after this one",
    }),
  },
  { of: "none", name: /-databases-(.+)_(?:reader|writer|migrator)_\d+$/, kind: database },
  {
    of: "none",
    // The groups of GardenOS' services in the database of the CRM.
    name: /-databases-(?:authenticator|supabase_\w+_admin|crm_agents|crm_api)_\d+$/,
    kind: () => database(CRM.database),
  },
  {
    of: "none",
    name: /-servers-root-password$/,
    kind: () => ({
      name: "object-storage-root",
      opens: "all of object storage",
      rotation: runbook("rotate-secrets.md#object-storages-root-user"),
      former: "when every server of object storage has restarted",
    }),
  },
  {
    of: "none",
    name: /-provisioning-trellis-(metrics|mirror)$/,
    kind: (user = "") => ({
      name: `object-storage-${user}`,
      opens:
        user === "mirror" ? "the buckets that are copied off the cluster" : "the metrics of object storage",
      // The Job gives MinIO the new key; without it, only the readers would have it.
      rotation: { by: "replacement", along: ["-provisioning-job"] },
      former: "when the provisioning Job is done",
    }),
  },
  {
    of: "none",
    name: /-provisioning-trellis-([^_]+)(?:_\d+)?$/,
    kind: (application = "") => ({
      name: `object-storage-${application}`,
      opens: `the buckets of ${application}`,
      rotation: setting("minio", "applications", application, "epoch"),
      former: "with the increment after this one",
    }),
  },
  {
    of: "none",
    name: /-jwt-secret-\d+$/,
    kind: () => ({
      name: "gardenos-keys",
      opens: "the APIs of GardenOS: it signs sessions, the anonymous key and the service key",
      rotation: setting("gardenos", "keysEpoch"),
      former: "with the increment after this one. Distribute the output gardenos again",
    }),
  },
  {
    of: "none",
    name: /-fernet-key$/,
    kind: () => ({
      name: "airflow-fernet-key",
      opens: "connections and variables in Airflow's database",
      rotation: runbook("rotate-secrets.md#airflows-fernet-key"),
      former: "when Airflow has encrypted everything again",
    }),
  },
  {
    of: "none",
    name: /-(?:api-secret-key|jwt-secret)$/,
    kind: () => ({
      name: "airflow-sessions",
      opens: "Airflow's API: it signs sessions and the tokens of tasks",
      rotation: { by: "replacement" },
      former:
        "when Airflow's pods have restarted: people log in again, and tasks that run fail and are retried",
    }),
  },
  {
    of: "none",
    name: /airflow-admin-password$/,
    kind: () => ({
      name: "airflow-admin",
      opens: "Airflow's web interface",
      rotation: runbook("rotate-secrets.md#administrators-of-airflow-and-grafana"),
      former: "when Airflow has the new one",
    }),
  },
  {
    of: "none",
    name: /-grafana-admin$/,
    kind: () => ({
      name: "grafana-admin",
      opens: "Grafana",
      rotation: runbook("rotate-secrets.md#administrators-of-airflow-and-grafana"),
      former: "when Grafana has the new one",
    }),
  },
  {
    of: "none",
    name: /-scratch$/,
    kind: () => ({
      name: "backup-scratch",
      opens: "the scratch databases of restore tests, which live as long as a test",
      rotation: { by: "replacement" },
      former: "with the next restore test",
    }),
  },
];

/** The kind of a generated secret; undefined for one that the table does not know. */
export function kindOf({ name, of }: SecretResource): SecretKind | undefined {
  for (const row of ROWS) {
    const groups = row.of === of ? row.name.exec(name) : null;
    if (groups) return row.kind(...groups.slice(1));
  }
  return undefined;
}

/** A secret of the stack's configuration, which somebody else issues. */
export function configuredKind(key: string, why: string | undefined): SecretKind {
  const name = key.replace(/^trellis:/, "");
  return {
    name,
    opens: why ?? "what its issuer gave it for",
    rotation: name === "hcloudToken" ? runbook("rotate-secrets.md#hetzners-token") : { by: "configuration" },
    former: "when its issuer revokes it: do so after the deployment",
  };
}
