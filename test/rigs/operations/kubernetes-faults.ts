import type { Fault } from "./fault";
import {
  certificateStatus,
  denyAll,
  deploymentStatus,
  nodeInfo,
  nodeStatus,
  PATHS,
  podStatus,
  statefulSetStatus,
} from "./objects";
import type { OperationsRig } from "./programs";

/** Sets a status, and sets it back. */
const status =
  (path: string, ill: object, well: () => object) =>
  async ({ cluster }: OperationsRig) => {
    await cluster.status(path, ill);
    return () => cluster.status(path, well());
  };

const patched =
  (path: string, ill: object, well: object) =>
  async ({ cluster }: OperationsRig) => {
    await cluster.patch(path, ill);
    return () => cluster.patch(path, well);
  };

const notReady = [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }];
const pressed = [
  { type: "Ready", status: "True", reason: "" },
  { type: "DiskPressure", status: "True", reason: "" },
];

export const KUBERNETES_FAULTS: readonly Fault[] = [
  {
    name: "a server is no node",
    seen: { "servers.registered": ["failed", /^n3 is not a node$/] },
    inject: async ({ cluster }) => {
      await cluster.remove(PATHS.node("n3"));
      return () =>
        cluster.create("/api/v1/nodes", { metadata: { name: "n3" }, spec: {}, status: nodeStatus() });
    },
  },
  {
    name: "a node is not ready",
    seen: { "kubernetes.nodes-ready": ["failed", /^n2 is not ready$/] },
    inject: status(PATHS.node("n2"), nodeStatus({}, notReady), nodeStatus),
  },
  {
    name: "a node has little disk left",
    seen: { "servers.pressure": ["failed", /^n2 has DiskPressure$/] },
    inject: status(PATHS.node("n2"), { conditions: pressed }, nodeStatus),
  },
  {
    name: "a node is cordoned",
    seen: { "kubernetes.schedulable": ["warning", /^n1 is cordoned$/] },
    inject: patched(PATHS.node("n1"), { spec: { unschedulable: true } }, { spec: { unschedulable: null } }),
  },
  {
    name: "an upgrade has not reached all nodes",
    seen: { "kubernetes.versions": ["warning", /v1\.35\.9\+k3s1 and v1\.36\.4\+k3s1/] },
    inject: status(PATHS.node("n1"), nodeStatus({ nodeInfo: nodeInfo("v1.35.9+k3s1") }), nodeStatus),
  },
  {
    name: "DNS is down",
    seen: { "kubernetes.system": ["failed", /^coredns has 0 of 1 pods$/] },
    inject: status(PATHS.dns, deploymentStatus({ availableReplicas: 0 }), deploymentStatus),
  },
  {
    name: "a namespace has used its share",
    seen: { "kubernetes.quotas": ["warning", /^postgres uses 97% of its requests.cpu$/] },
    inject: status(PATHS.quota, { used: { "requests.cpu": "3900m" } }, () => ({
      used: { "requests.cpu": "1500m" },
    })),
  },
  {
    name: "a Deployment has no pod",
    seen: { "workloads.deployments": ["failed", /^airflow\/airflow-scheduler has 0 of 1 pods$/] },
    inject: status(PATHS.deployment, deploymentStatus({ availableReplicas: 0 }), deploymentStatus),
  },
  {
    name: "a StatefulSet lacks a pod",
    seen: { "workloads.stateful-sets": ["failed", /^postgres\/postgres has 2 of 3 pods$/] },
    inject: status(PATHS.statefulSet, statefulSetStatus({ readyReplicas: 2 }), statefulSetStatus),
  },
  {
    name: "a rollout does not end",
    seen: { "workloads.rollouts": ["warning", /^airflow\/airflow-scheduler has pods of a former version$/] },
    inject: status(PATHS.deployment, deploymentStatus({ updatedReplicas: 0 }), deploymentStatus),
  },
  {
    name: "pods of a StatefulSet wait for their restart",
    seen: { "workloads.rollouts": ["warning", /^postgres\/postgres has pods of a former version$/] },
    inject: status(PATHS.statefulSet, statefulSetStatus({ updateRevision: "b" }), statefulSetStatus),
  },
  {
    name: "a container ends again and again",
    seen: { "workloads.crash-loops": ["failed", /^airflow\/scheduler \(main\): CrashLoopBackOff$/] },
    inject: status(
      PATHS.pod,
      podStatus({ state: { running: null, waiting: { reason: "CrashLoopBackOff" } } }),
      () => podStatus({ state: { waiting: null, running: { startedAt: null } } }),
    ),
  },
  {
    name: "an image cannot be had",
    seen: { "workloads.crash-loops": ["failed", /ImagePullBackOff/] },
    inject: status(
      PATHS.pod,
      podStatus({ state: { running: null, waiting: { reason: "ImagePullBackOff" } } }),
      () => podStatus({ state: { waiting: null, running: { startedAt: null } } }),
    ),
  },
  {
    name: "a container was restarted often today",
    seen: { "workloads.restarts": ["warning", /^airflow\/scheduler: 9 restarts$/] },
    inject: status(
      PATHS.pod,
      podStatus({
        restartCount: 9,
        lastState: { terminated: { exitCode: 1, finishedAt: new Date().toISOString() } },
      }),
      podStatus,
    ),
  },
  {
    name: "a pod finds no place",
    seen: { "workloads.pending": ["warning", /^airflow\/scheduler waits$/] },
    inject: status(PATHS.pod, podStatus({}, "Pending"), podStatus),
    change: () => ({ minutesLater: 10 }),
  },
  {
    name: "a volume is lost",
    seen: { "workloads.volumes": ["failed", /^postgres\/data-postgres-0 is Lost$/] },
    inject: status(PATHS.claim, { phase: "Lost" }, () => ({ phase: "Bound" })),
  },
  {
    name: "a Job failed",
    seen: { "workloads.jobs": ["warning", /^airflow\/airflow-migrate failed$/] },
    inject: async ({ cluster }) => {
      const conditions = [
        { type: "FailureTarget", status: "True" },
        { type: "Failed", status: "True" },
      ];
      await cluster.status(PATHS.job, { startTime: new Date().toISOString(), conditions });
      return async () => {
        await cluster.remove(PATHS.job);
        const spec = { restartPolicy: "Never", containers: [{ name: "main", image: "migrate" }] };
        await cluster.create("/apis/batch/v1/namespaces/airflow/jobs", {
          metadata: { name: "airflow-migrate" },
          spec: { template: { spec } },
        });
      };
    },
  },
  {
    name: "a pinned version is out of support",
    seen: { "workloads.image-age": ["warning", /^k3s expired \d+ days ago$/] },
    change: () => ({ platform: { pins: [{ name: "k3s", supportedUntil: "2020-01-01" }] } }),
  },
  {
    name: "the support of a pinned version ends this month",
    seen: { "workloads.image-age": ["warning", /^k3s ends in \d+ days$/] },
    change: () => {
      const soon = new Date(Date.now() + 20 * 24 * 3_600_000).toISOString().slice(0, 10);
      return { platform: { pins: [{ name: "k3s", supportedUntil: soon }] } };
    },
  },
  {
    name: "the backups' schedule is suspended",
    seen: { "backups.schedules": ["failed", /^backup-create is suspended$/] },
    inject: patched(PATHS.cronJob, { spec: { suspend: true } }, { spec: { suspend: false } }),
  },
  {
    name: "a namespace has lost its policy",
    seen: { "security.policies": ["failed", /^airflow has no policy that denies everything$/] },
    inject: async ({ cluster }) => {
      await cluster.remove(PATHS.policy);
      return () => cluster.create("/apis/networking.k8s.io/v1/namespaces/airflow/networkpolicies", denyAll);
    },
  },
  {
    name: "nothing enforces the policies",
    seen: {
      "security.policies-enforced": ["failed", /^closed:\d+ accepts a connection that no policy allows$/],
    },
    inject: async ({ standIns }) => {
      await standIns.port.open();
      return () => standIns.port.close();
    },
  },
  {
    name: "there is no pod that could be refused",
    seen: { "security.policies-enforced": ["not checked", /^closed has no ready pod/] },
    inject: patched(
      PATHS.closedSlice,
      { endpoints: [{ addresses: ["10.42.0.77"], conditions: { ready: false } }] },
      { endpoints: [{ addresses: ["10.42.0.77"], conditions: { ready: true } }] },
    ),
  },
  {
    name: "a namespace admits any pod",
    seen: { "security.pod-profile": ["failed", /^airflow enforces no profile$/] },
    inject: patched(
      PATHS.namespace,
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } },
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
    ),
  },
  {
    name: "an endpoint's certificate is not issued",
    seen: { "security.certificates": ["failed", /^airflow\/airflow-tls is not issued$/] },
    inject: patched(
      PATHS.certificate,
      { status: certificateStatus(60, "False") },
      { status: certificateStatus() },
    ),
  },
  {
    name: "an endpoint's certificate ends this month",
    seen: { "security.certificates": ["warning", /^airflow\/airflow-tls ends in \d+ days$/] },
    inject: patched(PATHS.certificate, { status: certificateStatus(20) }, { status: certificateStatus() }),
  },
  {
    name: "the address that clients use leads nowhere",
    seen: { "servers.address-holder": ["failed", /^127\.0\.0\.1:1 is closed$/] },
    change: () => ({ platform: { entrance: { host: "127.0.0.1", port: 1 } } }),
  },
  {
    name: "an API server is down",
    seen: { "servers.api-answers": ["failed", /^127\.0\.0\.1:1 is closed$/] },
    unknown: ["kubernetes.certificate", "security.anonymous"],
    change: ({ platform: { kubernetes } }) => ({
      platform: {
        kubernetes: { ...kubernetes, apiServers: [...kubernetes.apiServers, "https://127.0.0.1:1"] },
      },
    }),
  },
  {
    name: "the API cannot be asked at all",
    seen: { "kubernetes.api": ["failed", /^the Kubernetes API did not answer: .*ECONNREFUSED/] },
    unknown: [
      ...["servers.registered", "servers.pressure", "kubernetes.nodes-ready", "kubernetes.schedulable"],
      ...["kubernetes.versions", "kubernetes.system", "kubernetes.quotas", "workloads.deployments"],
      ...["workloads.stateful-sets", "workloads.rollouts", "workloads.crash-loops", "workloads.restarts"],
      ...["workloads.pending", "workloads.volumes", "workloads.jobs", "postgres.discovery"],
      ...["backups.schedules", "security.policies", "security.policies-enforced", "security.pod-profile"],
      "security.certificates",
    ],
    change: ({ args }) => ({
      args: { kubernetes: args.kubernetes && { ...args.kubernetes, server: "https://127.0.0.1:1" } },
    }),
  },
  {
    name: "the published leader is another",
    seen: { "postgres.discovery": ["failed", /^10\.42\.0\.99 is published, and 10\.42\.0\.10 leads$/] },
    inject: patched(
      PATHS.slice,
      { endpoints: [{ addresses: ["10.42.0.99"] }] },
      { endpoints: [{ addresses: ["10.42.0.10"] }] },
    ),
  },
];
