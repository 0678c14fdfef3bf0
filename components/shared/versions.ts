/**
 * A pinned third-party version. All pins are in this file. A pin that was found online names the file where it was
 * read. Check the registry itself, if you can, before raising one.
 */
export interface Pin {
  /** The version, as its registry or download URL spells it. */
  readonly version: string;
  /** Why this version and no other. */
  readonly why: string;
  /** The last day (YYYY-MM-DD) of its maker's support. @default none published: it is not checked */
  readonly supportedUntil?: string;
  /** The container image of this version; `{version}` stands for the version. @default none: it is not an image */
  readonly image?: string;
  /**
   * The Helm chart of this version in a registry; `{version}` stands for the version.
   * @default none: it is no chart, or only in a repository of the old kind, which knows no digests
   */
  readonly chart?: string;
  /**
   * The digest of the image or chart, such as `sha256:0123...`, directly below the version: `npx trellis pins` and Renovate write it.
   * Empty until one of them has: whoever can push to the registry can then change what pods run.
   */
  readonly digest?: string;
  /** The digest of the download for each architecture. @default none: machines do not download it by digest */
  readonly sha256?: { readonly amd64: string; readonly arm64: string };
}

export const versions = {
  /**
   * The digests come from public repositories that pin the release for both architectures; several of them agree. The
   * release's own sha256sum-amd64.txt and sha256sum-arm64.txt contain them too. The values for Traefik
   * (components/servers/k3s/ingress.ts) fit this release's chart, 40.1: chart 41 renames some of them.
   */
  k3s: {
    version: "v1.36.4+k3s1",
    why: "the stable channel's release; brings Traefik 3.7 and the lock that lets all servers start at once",
    supportedUntil: "2027-06-28", // the end of Kubernetes' support for 1.36
    sha256: {
      amd64: "835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f",
      arm64: "c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb",
    },
  },
  /**
   * The newest release whose digests were found for both architectures: public installers that pin it quote them from
   * the release's SHA256SUMS. Never choose an older one: there Patroni's role does not keep it from reading the
   * cluster's secrets. Nested transactions bypass roles before 3.6.9 (CVE-2026-33343), previous values in transactions
   * before 3.6.11 (CVE-2026-44283), and open-ended watches before 3.6.14 (CVE-2026-73499).
   */
  etcd: {
    version: "3.6.14",
    digest: "",
    image: "gcr.io/etcd-development/etcd:v{version}",
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
    digest: "",
    chart: "quay.io/jetstack/charts/cert-manager:{version}",
    why: "newest release of the chart; issues the endpoints' certificates",
  },
  kubePrometheusStack: {
    version: "92.1.0",
    digest: "",
    chart: "ghcr.io/prometheus-community/charts/kube-prometheus-stack:{version}",
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
    digest: "",
    image: "docker.io/rancher/system-upgrade-controller:{version}",
    why: "newest release; replaces the K3s binary node by node",
  },
  kured: {
    version: "1.23.0",
    digest: "",
    image: "ghcr.io/kubereboot/kured:{version}",
    why: "newest release that public manifests name; reboots one node at a time after updates of the kernel",
  },
  minio: {
    version: "RELEASE.2026-09-03T13-18-01Z",
    digest: "",
    image: "docker.io/pgsty/silo:{version}",
    why: "of pgsty/silo, the maintained fork of MinIO, whose own images are withdrawn; newest whose source package was seen",
  },
  postgres: {
    version: "17.11",
    digest: "",
    image: "docker.io/library/postgres:{version}-bookworm",
    why: "the newest major among those that Airflow's documentation lists as its metadata database (13 to 17)",
    supportedUntil: "2029-11-08",
  },
  /** Raise it together with test/toolchain/python/patroni.txt, so that the fault tests run production's version. */
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
  /** Raise it together with test/toolchain/python/airflow.txt, so that the DAG tests run production's version. */
  airflow: {
    version: "3.3.2",
    digest: "",
    image: "apache/airflow:{version}-python3.12",
    why: "the newest release whose image and whose package on PyPI are both out",
  },
  /** Supabase's services: raise them together, to a set that its own Compose file pins, since that is what it tests. */
  gotrue: {
    version: "v2.186.0",
    digest: "",
    image: "docker.io/supabase/gotrue:{version}",
    why: "of the set that Supabase's Compose file pinned in February 2026 (docker/docker-compose.yml, supabase/supabase)",
  },
  postgrest: {
    version: "v14.5",
    digest: "",
    image: "docker.io/postgrest/postgrest:{version}",
    why: "of the same set",
  },
  storageApi: {
    version: "v1.44.2",
    digest: "",
    image: "docker.io/supabase/storage-api:{version}",
    why: "of the same set",
  },
  /** Raise it together with test/toolchain/statsd/go.mod: its build checks the mapping. */
  statsdExporter: {
    version: "v0.31.0",
    digest: "",
    image: "docker.io/prom/statsd-exporter:{version}",
    why: "the newest whose image and whose Go module were both seen; shows Airflow's metrics to Prometheus",
  },
  /** The digest is that of the index for all architectures: several public repositories that pin the release agree. */
  victoriaLogs: {
    version: "v1.52.0",
    digest: "sha256:47b820890d64c4575a2a0a46415dcd8a4fd59a0f1fcd6a377693d7aea639442e",
    image: "docker.io/victoriametrics/victoria-logs:{version}",
    why: "the newest whose image many public manifests pin; the tests build v1.52.1, the nearest that Go's proxy serves",
  },
  /** Raise it together with victoriaLogs: one repository releases both. */
  vlagent: {
    version: "v1.52.0",
    digest: "",
    image: "docker.io/victoriametrics/vlagent:{version}",
    why: "of the same release as VictoriaLogs; reads the logs of pods and of the audit, and keeps what the store cannot take",
  },
  victoriaLogsDatasource: {
    version: "0.32.0",
    why: "the newest that public configurations of Grafana 12 and 13 install; Grafana verifies its signature",
  },
} as const satisfies Record<string, Pin>;
