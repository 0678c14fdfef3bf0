import { eventually } from "../waiting";
import { type Fault, undo } from "./fault";
import type { OperationsRig } from "./programs";
import {
  airflowHealth,
  answerWell,
  archiveMetrics,
  backupMetrics,
  mirrorMetrics,
  prometheusAnswers,
} from "./stand-ins";

/** etcd's third member or MinIO answers something else at a path. */
const distorted =
  (proxy: "etcdProxy" | "minioProxy", at: string, change: (body: string) => string, status?: number) =>
  async (rig: OperationsRig) => {
    const before = rig[proxy].distort;
    rig[proxy].distort = (path, answer) =>
      path === at ? { status: status ?? answer.status, body: change(answer.body) } : answer;
    return undo(() => {
      rig[proxy].distort = before;
    });
  };

/** Changes a metric's value in Prometheus' text. */
const setting = (name: string, value: string) => (body: string) =>
  body.replace(new RegExp(`^(${name}(?:\\{[^}]*\\})?) .*$`, "gm"), `$1 ${value}`);

const METRICS = "/minio/v2/metrics/cluster";

export const ETCD_FAULTS: readonly Fault[] = [
  {
    name: "a member of etcd is killed",
    seen: { "etcd.members": ["failed", /^m1: no answer: .*ECONNREFUSED/] },
    unknown: ["etcd.certificate"],
    inject: async (rig) => {
      await rig.etcd.killMember(1);
      await eventually("the others have a leader", 30_000, async () => {
        const { checks } = await rig.examine();
        return checks.find(({ id }) => id === "etcd.leader")?.outcome === "ok";
      });
      return async () => {
        rig.etcd.startMember(1);
        await eventually("the member is back", 60_000, async () => (await rig.examine()).score === 100);
      };
    },
  },
  {
    name: "etcd is full",
    seen: { "etcd.alarms": ["failed", /^m2: ALARM NOSPACE$/] },
    inject: distorted("etcdProxy", "/health", () =>
      JSON.stringify({ health: "false", reason: "ALARM NOSPACE" }),
    ),
  },
  {
    name: "etcd nears its quota",
    seen: { "etcd.size": ["failed", /^m2 uses 93% of its quota$/] },
    inject: distorted("etcdProxy", "/metrics", (body) =>
      setting(
        "etcd_mvcc_db_total_size_in_bytes",
        "2e9",
      )(setting("etcd_server_quota_backend_bytes", "2147483648")(body)),
    ),
  },
  {
    name: "etcd's members run two versions",
    seen: { "etcd.versions": ["warning", /^versions .* and 9\.9\.9$/] },
    inject: distorted("etcdProxy", "/metrics", (body) =>
      body.replace(/server_version="[^"]+"/, 'server_version="9.9.9"'),
    ),
  },
  {
    name: "a member of etcd has no leader",
    seen: { "etcd.leader": ["failed", /^m2 without a leader$/] },
    inject: distorted("etcdProxy", "/metrics", setting("etcd_server_has_leader", "0")),
  },
  {
    name: "etcd's certificate ends this week",
    seen: { "etcd.certificate": ["failed", /^m0 ends in \d days?/] },
    unknown: [],
    change: ({ platform: { etcd }, shortLived }) => ({
      platform: {
        etcd: {
          ...etcd,
          members: etcd.members.map((each, at) => (at === 0 ? { ...each, client: shortLived } : each)),
        },
      },
    }),
  },
];

export const OBJECT_FAULTS: readonly Fault[] = [
  {
    name: "object storage is down",
    seen: { "objects.answers": ["failed", /ECONNREFUSED/] },
    unknown: [
      "security.policies-enforced",
      "objects.writes",
      "objects.drives",
      "objects.healing",
      "objects.room",
      "objects.buckets",
    ],
    change: ({ platform: { objects } }) => ({
      platform: { objects: { ...objects, url: "http://127.0.0.1:1" } },
    }),
  },
  {
    name: "object storage takes no writes",
    seen: { "objects.writes": ["failed", /^it has no write quorum \(status 503\)$/] },
    inject: distorted("minioProxy", "/minio/health/cluster", (body) => body, 503),
  },
  {
    name: "a drive is offline",
    seen: { "objects.drives": ["failed", /^1 of 4 drives online$/] },
    inject: distorted("minioProxy", METRICS, setting("minio_cluster_drive_offline_total", "3")),
  },
  {
    name: "a drive is being healed",
    seen: { "objects.healing": ["warning", /^1 drive being healed$/] },
    inject: distorted(
      "minioProxy",
      METRICS,
      (body) => `${body}\nminio_cluster_health_erasure_set_healing_drives{pool="0",set="0"} 1\n`,
    ),
  },
  {
    name: "object storage is nearly full",
    seen: { "objects.room": ["failed", /^\d% free$/] },
    inject: distorted("minioProxy", METRICS, setting("minio_cluster_capacity_usable_free_bytes", "1")),
  },
  {
    name: "a bucket is missing",
    seen: { "objects.buckets": ["failed", /^1 of 2 buckets$/] },
    change: ({ platform: { objects } }) => ({ platform: { objects: { ...objects, buckets: 2 } } }),
  },
];

const backups = (changes: Readonly<Record<string, number>>) => async (rig: OperationsRig) => {
  rig.standIns.backups.answer("/metrics", backupMetrics(changes));
  return undo(() => rig.standIns.backups.answer("/metrics", backupMetrics()));
};
const daysAgo = (days: number) => Date.now() / 1000 - days * 86_400;

export const BACKUP_FAULTS: readonly Fault[] = [
  {
    name: "the newest backup is old",
    seen: { "backups.newest": ["failed", /^it is 48\.\d hours old; at most 26 are allowed$/] },
    inject: backups({ backup_last_success_timestamp: daysAgo(2) }),
  },
  {
    name: "the last backup failed",
    seen: { "backups.last-run": ["failed", /^it failed$/] },
    inject: backups({ 'backup_run_good{verb="create"}': 0 }),
  },
  {
    name: "many backups fail",
    seen: { "backups.success-rate": ["warning", /^only 60% succeeded$/] },
    inject: backups({ backup_success_ratio: 0.6 }),
  },
  {
    name: "a backup is damaged",
    seen: { "backups.damaged": ["failed", /^1 backup damaged$/] },
    inject: backups({ backup_damaged_count: 1 }),
  },
  {
    name: "no drill was held",
    seen: { "backups.drill": ["warning", /^the last was 12\.\d days ago$/] },
    inject: backups({ 'backup_run_timestamp{verb="drill"}': daysAgo(12) }),
  },
  {
    name: "the copy off the cluster failed",
    seen: { "backups.off-site": ["failed", /^the last copy failed$/] },
    inject: backups({ 'backup_run_good{verb="copy"}': 0 }),
  },
  {
    name: "the bucket of the backups cannot be read",
    seen: {},
    unknown: [
      ...["backups.newest", "backups.last-run", "backups.success-rate", "backups.damaged"],
      ...["backups.drill", "backups.off-site"],
    ],
    inject: backups({ backup_store_up: 0 }),
  },
  {
    name: "the copy of the objects is old",
    seen: { "backups.mirror": ["failed", /^the last good run was 40\.\d hours ago$/] },
    inject: async ({ standIns }) => {
      standIns.mirror.answer("/metrics", mirrorMetrics(40));
      return undo(() => answerWell(standIns));
    },
  },
  {
    name: "the archive has a gap",
    seen: { "postgres.archive-window": ["failed", /^repository 1 has a gap$/] },
    inject: async ({ standIns }) => {
      standIns.archive.answer("/metrics", archiveMetrics(1));
      return undo(() => answerWell(standIns));
    },
  },
];

const prometheus =
  (changes: Parameters<typeof prometheusAnswers>[0]) =>
  async ({ standIns }: OperationsRig) => {
    standIns.prometheus.answer("/api/v1/query", prometheusAnswers(changes));
    return undo(() => answerWell(standIns));
  };
const node = { instance: "n2" };

export const PROMETHEUS_FAULTS: readonly Fault[] = [
  {
    name: "a disk is nearly full",
    seen: { "servers.disk": ["failed", /^n2 has 9% free$/] },
    inject: prometheus({ node_filesystem: [[node, 0.09]] }),
  },
  {
    name: "a disk fills up",
    seen: { "servers.disk": ["warning", /^n2 has 20% free$/] },
    inject: prometheus({ node_filesystem: [[node, 0.2]] }),
  },
  {
    name: "a clock is wrong",
    seen: { "servers.clock": ["failed", /^n2 is 3\.50 s off$/] },
    inject: prometheus({ node_timex_offset: [[node, 3.5]] }),
  },
  {
    name: "a server has no time server",
    seen: { "servers.clock": ["failed", /^n2 has no time server$/] },
    inject: prometheus({ node_timex_sync: [[node, 0]] }),
  },
  {
    name: "etcd's snapshot is old",
    seen: { "etcd.snapshot": ["failed", /^the newest is 20\.\d hours old; one is made every 6 hours$/] },
    inject: prometheus({ trellis_etcd_snapshot: [[{}, daysAgo(20 / 24)]] }),
  },
  {
    name: "alerts fire",
    seen: { "alerts.firing": ["warning", /^EtcdSlowDisk \(warning\); PostgresDown \(critical\)$/] },
    inject: prometheus({
      ALERTS: [
        [{ alertname: "Watchdog", severity: "none" }, 1],
        [{ alertname: "PostgresDown", severity: "critical" }, 1],
        [{ alertname: "EtcdSlowDisk", severity: "warning" }, 1],
        [{ alertname: "HealthChecksFail", severity: "critical" }, 1],
      ],
    }),
  },
  {
    name: "no alert is evaluated",
    seen: { "alerts.evaluated": ["failed", /^Watchdog does not fire$/] },
    inject: prometheus({ ALERTS: [] }),
  },
  {
    name: "a program is not scraped",
    seen: { "alerts.targets": ["warning", /^servers\/kube-etcd is not scraped$/] },
    inject: prometheus({ "(up)": [[{ job: "kube-etcd" }, 0]] }),
  },
  {
    name: "a metric has no samples",
    seen: {},
    unknown: ["servers.disk"],
    inject: prometheus({ node_filesystem: [] }),
  },
  {
    name: "Prometheus is down",
    seen: {},
    unknown: [
      ...["servers.disk", "servers.clock", "etcd.snapshot"],
      ...["alerts.firing", "alerts.evaluated", "alerts.targets"],
    ],
    change: () => ({ platform: { prometheus: "http://127.0.0.1:1" } }),
  },
];

export const APPLICATION_FAULTS: readonly Fault[] = [
  {
    name: "Airflow's scheduler is unhealthy",
    seen: { "systems.airflow": ["failed", /^scheduler is unhealthy$/] },
    inject: async ({ standIns }) => {
      standIns.airflow.answer("/api/v2/monitor/health", airflowHealth("unhealthy"));
      return undo(() => answerWell(standIns));
    },
  },
  {
    name: "the rain API fails",
    seen: { "systems.rain-api": ["failed", /^the API answers with status 500$/] },
    inject: async ({ standIns }) => {
      standIns.rain.answer("/health", "", 500);
      return undo(() => answerWell(standIns));
    },
  },
  {
    name: "a service of the CRM is down",
    seen: { "systems.gardenos": ["failed", /^rest answers with status 503$/] },
    inject: async ({ standIns }) => {
      standIns.gardenos.answer("/rest", "", 503);
      return undo(() => answerWell(standIns));
    },
  },
];
