/** HAProxy's ports on every server; part of the cluster's address plan. */
export const PORTS = {
  kubernetesApi: 6443,
  postgresLeader: 5432,
  postgresReplicas: 5433,
  http: 80,
  https: 443,
  /** Serves /stats for people, /metrics for Prometheus, and /health for keepalived. */
  status: 8404,
} as const;

/** The API port of K3s itself; HAProxy uses 6443 on the same server. */
export const API_PORT = 6445;

/** The NodePorts of the ingress, which expects the PROXY protocol. */
export const INGRESS = [
  { name: "http", port: PORTS.http, nodePort: 30080 },
  { name: "https", port: PORTS.https, nodePort: 30443 },
] as const;

/** The NodePorts of the first Patroni member. Each other member adds the ordinal of its pod. */
export const PATRONI = { postgres: 30432, rest: 30008 } as const;
