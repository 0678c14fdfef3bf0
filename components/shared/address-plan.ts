/** The ports on every server. HAProxy takes the ones that clients use, so the programs behind it have others. */
export const SERVER_PORTS = {
  http: 80,
  https: 443,
  /** HAProxy, in front of all API servers. */
  kubernetesApi: 6443,
  /** K3s' own API server. */
  apiServer: 6445,
  postgresLeader: 5432,
  postgresReplicas: 5433,
  /** HAProxy's statistics page at /stats, its metrics at /metrics, and /health. */
  haproxyStatus: 8404,
  etcdClient: 2379,
  etcdPeer: 2380,
  etcdMetrics: 2381,
  kubelet: 10250,
  nodeExporter: 9100,
  wireguard: 51820,
} as const;

/**
 * Ports of the Kubernetes API that pods connect to after Service addresses are rewritten: HAProxy's and the API
 * server's own.
 */
export const API_PORTS = [SERVER_PORTS.kubernetesApi, SERVER_PORTS.apiServer];

/** Ports of Services that HAProxy reaches on every node. */
export const NODE_PORTS = {
  /** The ingress, which expects the PROXY protocol. */
  http: 30080,
  https: 30443,
  /** The first PostgreSQL member and its REST API; the ordinal of a member's pod is added for the others. */
  postgres: 30432,
  patroniRest: 30008,
} as const;
