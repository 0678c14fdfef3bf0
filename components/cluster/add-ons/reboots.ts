import { pinnedImage } from "../../shared/pinned-image";
import { versions } from "../../shared/versions";
import type { Manifest } from "../helm";

export interface RebootPlan {
  /** Hour of the day (UTC) at which the daily window opens. */
  readonly startHour: number;
  /** Length of the window in hours. */
  readonly lengthHours: number;
  /** Number of nodes. A single one reboots although its pods can go nowhere. */
  readonly nodes: number;
}

const KURED = "kured";

/**
 * Whether a server is to be rebooted: an update asks for it, and every member of etcd is healthy. Servers without etcd
 * have no such command. A command that fails counts as no.
 */
const SENTINEL =
  "sh -c '[ -e /run/reboot-required ] || exit 1; [ ! -e /usr/local/sbin/trellis-etcd ] || trellis-etcd ctl endpoint health'";

/**
 * kured, which drains and reboots one node at a time after updates of the kernel. Evictions respect disruption budgets,
 * so a node waits until PostgreSQL and MinIO are whole again after the one before.
 */
export function reboots(namespace: string, plan: RebootPlan): Manifest[] {
  const metadata = { name: KURED, namespace };
  const subjects = [{ kind: "ServiceAccount", name: KURED, namespace }];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: KURED },
      rules: [
        { apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"] },
        { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "delete"] },
        { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
        { apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["get"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: KURED },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: KURED },
      subjects,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      // Its lock is an annotation on its own DaemonSet.
      rules: [{ apiGroups: ["apps"], resources: ["daemonsets"], resourceNames: [KURED], verbs: ["update"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: KURED },
      subjects,
    },
    daemonSet(namespace, plan),
  ];
}

const METRICS = { host: "127.0.0.1", port: 8083 };

function daemonSet(namespace: string, { startHour, lengthHours, nodes }: RebootPlan): Manifest {
  const clock = (hour: number) => `${String(hour % 24).padStart(2, "0")}:00`;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: KURED, namespace },
    spec: {
      selector: { matchLabels: { app: KURED } },
      template: {
        metadata: { labels: { app: KURED } },
        spec: {
          serviceAccountName: KURED,
          tolerations: [{ operator: "Exists" }],
          // It enters the host's mounts to look and to reboot, and asks etcd from the host's network.
          hostPID: true,
          hostNetwork: true,
          containers: [
            {
              name: KURED,
              image: pinnedImage(versions.kured),
              command: [
                "/usr/bin/kured",
                `--ds-namespace=${namespace}`,
                `--ds-name=${KURED}`,
                `--reboot-sentinel-command=${SENTINEL}`,
                "--period=15m",
                `--start-time=${clock(startHour)}`,
                `--end-time=${clock(startHour + Math.min(lengthHours, 23))}`,
                "--time-zone=UTC",
                "--drain-timeout=10m",
                "--skip-wait-for-delete-timeout=60",
                `--force-reboot=${nodes === 1}`,
                // Members that were on the node catch up before the next one is drained.
                "--lock-release-delay=10m",
                `--metrics-host=${METRICS.host}`,
                `--metrics-port=${METRICS.port}`,
              ],
              env: [{ name: "KURED_NODE_ID", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
              livenessProbe: { httpGet: { ...METRICS, path: "/metrics" }, periodSeconds: 60 },
              readinessProbe: { httpGet: { ...METRICS, path: "/metrics" }, periodSeconds: 60 },
              securityContext: { privileged: true, readOnlyRootFilesystem: true },
              resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
            },
          ],
        },
      },
    },
  };
}
