/**
 * Every third-party version in one place. A pin that came from the network names the file that it was read in; who
 * can ask the registries should do so before raising one.
 */
export interface Pin {
  readonly version: string;
  /** Why this one and not another. */
  readonly why: string;
  /** The last day (YYYY-MM-DD) on which its makers mend it; absent where they publish none. */
  readonly supportedUntil?: string;
  /** Of a program that machines fetch: the digest of the download for each architecture. */
  readonly sha256?: { readonly amd64: string; readonly arm64: string };
}

export const versions = {
  /**
   * The digests were read in public repositories that pin the release for both architectures, several of which agree;
   * the release's own sha256sum-amd64.txt and sha256sum-arm64.txt hold them too. The values for Traefik
   * (cluster/k3s/ingress.ts) fit the chart that this release brings, 40.1: chart 41 renames some of them.
   */
  k3s: {
    version: "v1.36.4+k3s1",
    why: "the stable channel's release; brings Traefik 3.7 and the lock that lets all servers start at once",
    supportedUntil: "2027-06-28", // the day until which Kubernetes mends 1.36
    sha256: {
      amd64: "835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f",
      arm64: "c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb",
    },
  },
  /**
   * The newest release whose digests were found for both architectures: public installers that pin it quote them from
   * the release's SHA256SUMS. Nothing older may be chosen, since the roles that keep Patroni from the cluster's secrets
   * do not hold there: nested transactions pass them before 3.6.9 (CVE-2026-33343), previous values in transactions
   * before 3.6.11 (CVE-2026-44283), and open-ended watches before 3.6.14 (CVE-2026-73499).
   */
  etcd: {
    version: "3.6.14",
    why: "the first whose roles cannot be bypassed by nested transactions, PrevKv or watches",
    sha256: {
      amd64: "ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5",
      arm64: "fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e",
    },
  },
  ubuntu: {
    version: "24.04",
    why: "the long-term release whose HAProxy (2.8), keepalived and cloud-init our renderings are made for",
    supportedUntil: "2029-05-31",
  },
  certManager: {
    version: "v1.21.2",
    why: "newest release of the chart; issues the endpoints' certificates",
  },
  kubePrometheusStack: {
    version: "92.1.0",
    why: "newest release of the chart; brings Prometheus, Alertmanager, Grafana and their operator together",
  },
  hcloudCloudControllerManager: {
    version: "1.37.0",
    why: "from 1.30.1 on it survives the API without datacenters; newest",
  },
  hcloudCsi: {
    version: "2.23.0",
    why: "newest release of the chart of Hetzner's volumes",
  },
  systemUpgradeController: {
    version: "v0.19.2",
    why: "newest release; replaces the K3s binary node by node",
  },
  minio: {
    version: "RELEASE.2026-09-03T13-18-01Z",
    why: "of pgsty/silo, the maintained fork of MinIO, whose own images are withdrawn; newest whose source package was seen",
  },
  postgres: {
    version: "17.11",
    why: "the newest major among those that Airflow's documentation lists as its metadata database (13 to 17)",
    supportedUntil: "2029-11-08",
  },
  /** Raised together with test/toolchain/python/patroni.txt: the fault tests judge what production runs. */
  patroni: {
    version: "4.1.5",
    why: "newest release; its waits are known to components/data/postgres/images/member/trellis-patroni.py",
  },
  pgbackrest: {
    version: "2.59.1",
    why: "the newest that was seen as a package for Debian 12 in the PostgreSQL project's source",
  },
  pgbouncer: {
    version: "1.25.2",
    why: "keeps prepared statements in transaction mode (since 1.21); seen in the same source",
  },
  /** Raised together with test/toolchain/python/airflow.txt: the tests of the DAGs run what production runs. */
  airflow: {
    version: "3.3.2",
    why: "the newest release whose image and whose package on PyPI are both out",
  },
  /** Raised together with test/toolchain/statsd/go.mod, whose build judges the mapping. */
  statsdExporter: {
    version: "v0.31.0",
    why: "the newest whose image and whose Go module were both seen; shows Airflow's metrics to Prometheus",
  },
} as const satisfies Record<string, Pin>;
