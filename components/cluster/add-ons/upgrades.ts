import { JOINED_WITH_LABEL, joinedWith } from "../../servers";
import type { InlineChart, Manifest } from "../helm";
import { reboots } from "./reboots";

export interface UpgradePlan {
  /** K3s release to install on every node, such as v1.36.1+k3s1. */
  readonly version: string;
  /** Image of the system-upgrade-controller, which carries out the upgrade. */
  readonly controller: string;
  /** Hour of the day (UTC) at which the daily upgrade window opens. */
  readonly startHour: number;
  /** Length of the window in hours. From 24 on, the window ends 23 hours after it opens. */
  readonly lengthHours: number;
  /** Number of nodes. A single one is cordoned and not drained: its pods could go nowhere. */
  readonly nodes: number;
}

const NAMESPACE = "system-upgrade";
const CONTROLLER = "system-upgrade-controller";
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

/**
 * The controller that replaces the K3s binary, with one plan for servers and one for agents. Each plan upgrades one
 * node at a time. kured beside it reboots nodes after updates of the kernel.
 */
export function upgradeChart(plan: UpgradePlan): InlineChart {
  return {
    name: "system-upgrade",
    crds: [planDefinition],
    manifests: [
      serviceAccount,
      clusterRoleBinding,
      configMap(plan),
      deployment(plan.controller),
      servers(plan),
      agents(plan),
      ...reboots(NAMESPACE, plan),
    ],
  };
}

const metadata = (name: string) => ({ name, namespace: NAMESPACE });

/** The controller validates plans itself, so this definition accepts any field. */
const planDefinition: Manifest = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "plans.upgrade.cattle.io" },
  spec: {
    group: "upgrade.cattle.io",
    scope: "Namespaced",
    names: { kind: "Plan", plural: "plans", singular: "plan" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

const serviceAccount: Manifest = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: metadata("system-upgrade"),
};

/** The controller cordons and drains nodes and runs privileged jobs on them. No smaller role permits that. */
const clusterRoleBinding: Manifest = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "system-upgrade" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
  subjects: [{ kind: "ServiceAccount", name: "system-upgrade", namespace: NAMESPACE }],
};

function configMap({ version }: UpgradePlan): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata("default-controller-env"),
    data: {
      SYSTEM_UPGRADE_CONTROLLER_THREADS: "2",
      SYSTEM_UPGRADE_JOB_ACTIVE_DEADLINE_SECONDS: "900",
      SYSTEM_UPGRADE_JOB_BACKOFF_LIMIT: "5",
      SYSTEM_UPGRADE_JOB_IMAGE_PULL_POLICY: "IfNotPresent",
      SYSTEM_UPGRADE_JOB_KUBECTL_IMAGE: kubectlImage(version),
      SYSTEM_UPGRADE_JOB_PRIVILEGED: "true",
      SYSTEM_UPGRADE_JOB_TTL_SECONDS_AFTER_FINISH: "900",
      SYSTEM_UPGRADE_PLAN_POLLING_INTERVAL: "15m",
    },
  };
}

/**
 * The image that cordons and drains nodes: Kubernetes' own, of the release in K3s. Without it the controller takes an
 * image of its own choice, with a kubectl that is many releases older.
 */
function kubectlImage(k3s: string): string {
  return `registry.k8s.io/kubectl:${k3s.split("+")[0]}`;
}

function deployment(image: string): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(CONTROLLER),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: CONTROLLER } },
      template: {
        metadata: { labels: { app: CONTROLLER } },
        spec: {
          serviceAccountName: "system-upgrade",
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65534,
            runAsGroup: 65534,
            seccompProfile: { type: "RuntimeDefault" },
          },
          tolerations: [{ key: CONTROL_PLANE, operator: "Exists", effect: "NoSchedule" }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: CONTROL_PLANE, operator: "Exists" }] }],
              },
            },
          },
          containers: [
            {
              name: CONTROLLER,
              image,
              envFrom: [{ configMapRef: { name: "default-controller-env" } }],
              env: [
                { name: "SYSTEM_UPGRADE_CONTROLLER_NAME", value: CONTROLLER },
                { name: "SYSTEM_UPGRADE_CONTROLLER_NAMESPACE", value: NAMESPACE },
                {
                  name: "SYSTEM_UPGRADE_CONTROLLER_NODE_NAME",
                  valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } },
                },
              ],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              resources: { requests: { cpu: "25m", memory: "64Mi" }, limits: { memory: "256Mi" } },
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: {} }],
        },
      },
    },
  };
}

function servers(plan: UpgradePlan): Manifest {
  return k3sPlan("k3s-server", plan, {
    nodeSelector: nodesToUpgrade(plan, "Exists"),
    ...(plan.nodes > 1 ? { drain: DRAIN } : { cordon: true }),
  });
}

/**
 * Evictions respect disruption budgets. A drain that they hold up for ten minutes fails, and the controller tries again;
 * the next node waits meanwhile.
 */
const DRAIN: Manifest = {
  force: true,
  deleteEmptydirData: true,
  ignoreDaemonSets: true,
  skipWaitForDeleteTimeout: 60,
  timeout: 600_000_000_000, // nanoseconds
};

/** Agents wait until every server runs the new release, because a kubelet must never be newer than its API server. */
function agents(plan: UpgradePlan): Manifest {
  return k3sPlan("k3s-agent", plan, {
    nodeSelector: nodesToUpgrade(plan, "DoesNotExist"),
    prepare: { image: "docker.io/rancher/k3s-upgrade", args: ["prepare", "k3s-server"] },
    drain: DRAIN,
  });
}

/** The nodes of one role, without those that joined with the wanted release: nothing is to be done there. */
function nodesToUpgrade({ version }: UpgradePlan, controlPlane: "Exists" | "DoesNotExist"): Manifest {
  return {
    matchExpressions: [
      { key: CONTROL_PLANE, operator: controlPlane },
      { key: JOINED_WITH_LABEL, operator: "NotIn", values: [joinedWith(version)] },
    ],
  };
}

function k3sPlan(name: string, { version, startHour, lengthHours }: UpgradePlan, spec: Manifest): Manifest {
  const clock = (hour: number) => `${String(hour % 24).padStart(2, "0")}:00`;
  return {
    apiVersion: "upgrade.cattle.io/v1",
    kind: "Plan",
    metadata: metadata(name),
    spec: {
      concurrency: 1,
      version,
      serviceAccountName: "system-upgrade",
      tolerations: [{ operator: "Exists" }],
      window: {
        days: ["su", "mo", "tu", "we", "th", "fr", "sa"],
        startTime: clock(startHour),
        endTime: lengthHours >= 24 ? clock(startHour + 23) : clock(startHour + lengthHours),
        timeZone: "UTC",
      },
      upgrade: { image: "docker.io/rancher/k3s-upgrade" },
      ...spec,
    },
  };
}
