import { AUDIT_LOGS } from "../../servers";
import { pinnedImage } from "../../shared/pinned-image";
import { restrictedContainer } from "../../shared/pods";
import { versions } from "../../shared/versions";
import type { Manifest } from "../helm";
import { LABELS, LOGS } from "./names";

/** Where the agents send logs. */
export interface LogTarget {
  /** Address that takes them. One that ends in /insert/native is a VictoriaLogs; others get JSON lines. */
  readonly url: string;
  /** Whether the Secret with a token for it exists. */
  readonly token: boolean;
}

const PLACES = {
  /** Logs of the server's pods, and the links that name their containers. */
  logs: "/var/log",
  /** What waits for the store, and how far the agent has read. */
  state: "/var/lib/vlagent",
  /** Outside of `logs`: a mount point cannot be made in a folder that is mounted for reading. */
  audit: "/var/lib/kubernetes-audit",
  token: "/etc/trellis/log-endpoint",
} as const;

/** On the server. */
const STATE_ON_SERVER = "/var/lib/trellis/log-agent";

interface AgentPlaces {
  readonly containers: string;
  readonly audit: string;
  readonly state: string;
  readonly port: number;
}

const IN_POD: AgentPlaces = {
  containers: `${PLACES.logs}/containers`,
  audit: PLACES.audit,
  state: PLACES.state,
  port: LOGS.ports.agent,
};

/** Arguments of vlagent: it reads the logs of the server's containers and of its API server's audit. */
export function agentArguments({ url, token }: LogTarget, places: AgentPlaces = IN_POD): string[] {
  return [
    "-kubernetesCollector",
    `-kubernetesCollector.logsPath=${places.containers}`,
    // Otherwise each line that they log makes another one.
    `-kubernetesCollector.excludeFilter=kubernetes.pod_namespace:=${LOGS.namespace}`,
    // A pattern and no name: vlagent warns every ten seconds of a file that is not there, as on servers without an audit.
    `-fileCollector.glob=${places.audit}/audit.lo[g]`,
    "-fileCollector.timeField=requestReceivedTimestamp",
    "-fileCollector.msgField=requestURI",
    '-fileCollector.extraFields={"log":"kubernetes-audit","node":"%{NODE_NAME}"}',
    "-fileCollector.hostnameField=",
    "-fileCollector.streamFields=log,node",
    `-tmpDataPath=${places.state}`,
    `-httpListenAddr=:${places.port}`,
    `-remoteWrite.url=${url}`,
    `-remoteWrite.format=${url.endsWith("/insert/native") ? "native" : "jsonline"}`,
    // A store that is away for long costs the oldest logs, not the server's disk.
    "-remoteWrite.maxDiskUsagePerURL=1GiB",
    ...(token ? [`-remoteWrite.bearerTokenFile=${PLACES.token}/token`] : []),
    "-loggerFormat=json",
  ];
}

/** An agent on every server. */
export function agents(target: LogTarget): Manifest[] {
  const metadata = { name: LOGS.agent, namespace: LOGS.namespace, labels: LABELS.agent };
  const ofCluster = { name: LOGS.agent, labels: LABELS.agent };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: ofCluster,
      rules: [
        { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
        { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
        { apiGroups: [""], resources: ["namespaces"], verbs: ["list"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: ofCluster,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: LOGS.agent },
      subjects: [{ kind: "ServiceAccount", name: LOGS.agent, namespace: LOGS.namespace }],
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata,
      spec: {
        selector: { matchLabels: LABELS.agent },
        template: { metadata: { labels: LABELS.agent }, spec: agentPod(target) },
      },
    },
  ];
}

function agentPod(target: LogTarget): Manifest {
  const alive = { httpGet: { path: "/health", port: "http" } };
  return {
    serviceAccountName: LOGS.agent,
    automountServiceAccountToken: true, // it reads the names and labels of the server's pods
    enableServiceLinks: false,
    priorityClassName: "trellis-service",
    tolerations: [{ operator: "Exists" }],
    containers: [
      {
        name: LOGS.agent,
        image: pinnedImage(versions.vlagent),
        args: agentArguments(target),
        env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
        ports: [{ name: "http", containerPort: LOGS.ports.agent }],
        // The logs belong to root, and nobody else may read them.
        securityContext: { ...restrictedContainer, runAsUser: 0, seccompProfile: { type: "RuntimeDefault" } },
        resources: { requests: { cpu: "25m", memory: "64Mi" }, limits: { memory: "192Mi" } },
        readinessProbe: { ...alive, periodSeconds: 30 },
        livenessProbe: { ...alive, periodSeconds: 60, timeoutSeconds: 5 },
        volumeMounts: [
          { name: "logs", mountPath: PLACES.logs, readOnly: true },
          { name: "audit", mountPath: PLACES.audit, readOnly: true },
          { name: "state", mountPath: PLACES.state },
          ...(target.token ? [{ name: "token", mountPath: PLACES.token, readOnly: true }] : []),
        ],
      },
    ],
    volumes: [
      { name: "logs", hostPath: { path: PLACES.logs, type: "Directory" } },
      // Servers without an API server have no audit; the folder is then empty.
      { name: "audit", hostPath: { path: AUDIT_LOGS, type: "DirectoryOrCreate" } },
      { name: "state", hostPath: { path: STATE_ON_SERVER, type: "DirectoryOrCreate" } },
      ...(target.token ? [{ name: "token", secret: { secretName: LOGS.token, defaultMode: 0o400 } }] : []),
    ],
  };
}
