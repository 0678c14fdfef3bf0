import type { versions } from "../../components/shared/versions";

export type PinName = keyof typeof versions;

/** Where the version that runs can be read. */
export type Source =
  | { readonly from: "node"; readonly field: "kubeletVersion" | "osImage" }
  | { readonly from: "chart"; readonly chart: string }
  /** A container image of this pin's repository. */
  | { readonly from: "image" }
  /** A program in the pods of PostgreSQL's members, which prints its version. */
  | { readonly from: "member"; readonly words: readonly string[] };

/** Steps between versions that the program cannot take. */
export type Limit = "one-minor-forward" | "same-major" | "no-older-minor";

/** How one pin is upgraded. */
export interface Way {
  /** Most exact first: a later source counts where the earlier ones find nothing. */
  readonly sources: readonly Source[];
  /** What changes the running version, after `pulumi up` or before it. */
  readonly how: string;
  readonly interrupts: string;
  /** @default every step is possible */
  readonly limit?: Limit;
}

const CHART = "K3s installs the chart's release";
const NOTHING = "nothing";
const RESTARTS = "its pods restart one after another";
const MEMBERS = "a new image: members restart one after another, the leader last, after a switchover";
const SECONDS_OF_WRITES = "writes, for about three seconds";
const image = { sources: [{ from: "image" }] } as const;

/** Every pin of the program. The compiler demands a line for each. */
export const WAYS: Readonly<Record<PinName, Way>> = {
  k3s: {
    sources: [{ from: "node", field: "kubeletVersion" }],
    how: "the system-upgrade-controller replaces the binary node by node in target.kubernetes.upgradeWindow",
    interrupts: "nothing with several servers; it drains one at a time",
    limit: "one-minor-forward",
  },
  etcd: {
    ...image,
    how: "pods restart one after another; servers get it with `npx trellis apply`, one after the other",
    interrupts: "nothing with several members",
    limit: "no-older-minor",
  },
  ubuntu: {
    sources: [{ from: "node", field: "osImage" }],
    how: "increment each server's generations, one at a time (docs/runbooks/replace-node.md)",
    interrupts: "one server at a time, when you choose",
  },
  certManager: { sources: [chart("cert-manager")], how: CHART, interrupts: NOTHING },
  kubePrometheusStack: { sources: [chart("kube-prometheus-stack")], how: CHART, interrupts: NOTHING },
  hcloudCloudControllerManager: {
    sources: [chart("hcloud-cloud-controller-manager")],
    how: CHART,
    interrupts: NOTHING,
  },
  hcloudCsi: { sources: [chart("hcloud-csi")], how: CHART, interrupts: NOTHING },
  systemUpgradeController: { ...image, how: CHART, interrupts: NOTHING },
  kured: { ...image, how: RESTARTS, interrupts: NOTHING },
  minio: {
    ...image,
    how: "all its servers restart together, as MinIO requires",
    interrupts: "objects, for seconds",
  },
  postgres: {
    sources: [member("sh", "-c", "/usr/lib/postgresql/*/bin/postgres --version")],
    how: MEMBERS,
    interrupts: SECONDS_OF_WRITES,
    limit: "same-major",
  },
  patroni: { sources: [member("patroni", "--version")], how: MEMBERS, interrupts: SECONDS_OF_WRITES },
  pgbackrest: { sources: [member("pgbackrest", "version")], how: MEMBERS, interrupts: SECONDS_OF_WRITES },
  pgbouncer: {
    sources: [member("/usr/sbin/pgbouncer", "--version")],
    how: RESTARTS,
    interrupts:
      "sessions through a pooler that clients keep for longer than two minutes after it was told to stop",
  },
  airflow: {
    ...image,
    how: "the release's migration Job runs first, then the processes restart one by one",
    interrupts: "nothing; running tasks continue",
  },
  gotrue: { ...image, how: RESTARTS, interrupts: NOTHING },
  postgrest: { ...image, how: RESTARTS, interrupts: NOTHING },
  storageApi: { ...image, how: RESTARTS, interrupts: NOTHING },
  victoriaLogs: {
    ...image,
    how: "its pod restarts",
    interrupts: "queries of logs, for seconds; agents keep what comes in",
  },
  vlagent: { ...image, how: RESTARTS, interrupts: NOTHING },
  victoriaLogsDatasource: {
    sources: [],
    how: "Grafana installs it when its pod restarts",
    interrupts: NOTHING,
  },
  statsdExporter: { ...image, how: RESTARTS, interrupts: "Airflow's metrics, for seconds" },
};

function chart(name: string): Source {
  return { from: "chart", chart: name };
}

function member(...words: string[]): Source {
  return { from: "member", words };
}
