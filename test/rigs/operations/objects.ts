import type { ClusterWriter, Manifest } from "./kubernetes";

export const NODES = ["n1", "n2", "n3"] as const;
export const NAMESPACES = ["postgres", "airflow", "operations"] as const;
export const LEADER_ADDRESS = "10.42.0.10";

const ready = { type: "Ready", status: "True", reason: "KubeletReady" };

export const PATHS = {
  node: (name: string) => `/api/v1/nodes/${name}`,
  pod: "/api/v1/namespaces/airflow/pods/scheduler",
  claim: "/api/v1/namespaces/postgres/persistentvolumeclaims/data-postgres-0",
  quota: "/api/v1/namespaces/postgres/resourcequotas/quota",
  deployment: "/apis/apps/v1/namespaces/airflow/deployments/airflow-scheduler",
  dns: "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
  statefulSet: "/apis/apps/v1/namespaces/postgres/statefulsets/postgres",
  job: "/apis/batch/v1/namespaces/airflow/jobs/airflow-migrate",
  cronJob: "/apis/batch/v1/namespaces/postgres/cronjobs/backup-create",
  policy: "/apis/networking.k8s.io/v1/namespaces/airflow/networkpolicies/deny-all",
  namespace: "/api/v1/namespaces/airflow",
  slice: "/apis/discovery.k8s.io/v1/namespaces/postgres/endpointslices/postgres-primary",
  closedSlice: "/apis/discovery.k8s.io/v1/namespaces/airflow/endpointslices/closed",
  certificate: "/apis/cert-manager.io/v1/namespaces/airflow/certificates/airflow-tls",
} as const;

export const nodeStatus = (change: object = {}, conditions: readonly object[] = [ready]) => ({
  conditions: [
    ...conditions,
    ...["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => ({
      type,
      status: "False",
      reason: "",
    })),
  ],
  nodeInfo: nodeInfo("v1.36.4+k3s1"),
  ...change,
});

/** The API server demands every field. */
export const nodeInfo = (kubeletVersion: string) => ({
  ...{ kubeletVersion, kubeProxyVersion: "", machineID: "", systemUUID: "", bootID: "", kernelVersion: "" },
  ...{ osImage: "", containerRuntimeVersion: "", operatingSystem: "linux", architecture: "amd64" },
});

export const deploymentStatus = (change: object = {}) => ({
  ...{ observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
  ...change,
});

export const statefulSetStatus = (change: object = {}) => ({
  ...{ observedGeneration: 1, replicas: 3, readyReplicas: 3, currentRevision: "a", updateRevision: "a" },
  ...change,
});

export const podStatus = (container: object = {}, phase = "Running") => ({
  phase,
  containerStatuses: [
    {
      ...{ name: "main", image: "scheduler", imageID: "", ready: true, restartCount: 0 },
      state: { running: { startedAt: null } },
      lastState: {},
      ...container,
    },
  ],
});

export const denyAll: Manifest = {
  metadata: { name: "deny-all" },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};

const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
const template = (name: string) => ({
  selector: { matchLabels: { app: name } },
  template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: name }] } },
});

/** A small platform as a healthy cluster shows it. */
export async function createObjects(cluster: ClusterWriter): Promise<void> {
  for (const name of ["airflow", "operations"])
    await cluster.create("/api/v1/namespaces", { metadata: { name, labels } });
  await cluster.patch("/api/v1/namespaces/postgres", { metadata: { labels } });
  await cluster.certificateKind();
  const inside = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const at = (path: string, rest: object) =>
    cluster.create(inside(path), { metadata: { name: path.slice(path.lastIndexOf("/") + 1) }, ...rest });
  await cluster.create("/api/v1/namespaces/airflow/serviceaccounts", { metadata: { name: "default" } });
  for (const namespace of NAMESPACES)
    await cluster.create(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`, denyAll);
  for (const name of NODES)
    await cluster.create("/api/v1/nodes", { metadata: { name }, spec: {}, status: nodeStatus() });
  await at(PATHS.pod, {
    spec: { containers: [{ name: "main", image: "scheduler", securityContext: SECURE }] },
    status: podStatus(),
  });
  await at(PATHS.claim, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    status: { phase: "Bound" },
  });
  await at(PATHS.quota, {
    spec: { hard: { "requests.cpu": "4" } },
    status: { hard: { "requests.cpu": "4" }, used: { "requests.cpu": "1500m" } },
  });
  await at(PATHS.deployment, { spec: template("scheduler"), status: deploymentStatus() });
  await at(PATHS.dns, { spec: template("coredns"), status: deploymentStatus() });
  await at(PATHS.statefulSet, {
    spec: { ...template("postgres"), replicas: 3, serviceName: "postgres" },
    status: statefulSetStatus(),
  });
  const job = {
    template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "migrate" }] } },
  };
  await at(PATHS.job, { spec: job });
  await at(PATHS.cronJob, { spec: { schedule: "0 2 * * *", jobTemplate: { spec: job } } });
  await at(PATHS.certificate, {
    ...{ apiVersion: "cert-manager.io/v1", kind: "Certificate" },
    status: certificateStatus(),
  });
  await at(PATHS.slice, { addressType: "IPv4", endpoints: [{ addresses: [LEADER_ADDRESS] }], ports: [] });
  await cluster.create(inside(PATHS.closedSlice), {
    metadata: { name: "closed", labels: { "kubernetes.io/service-name": "closed" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.42.0.77"], conditions: { ready: true } }],
    ports: [],
  });
}

const SECURE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

export const certificateStatus = (days = 60, status = "True") => ({
  conditions: [{ type: "Ready", status, reason: "" }],
  notAfter: new Date(Date.now() + days * 24 * 3_600_000).toISOString(),
});
