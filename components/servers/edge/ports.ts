/** Where HAProxy listens on every server; part of the cluster's address plan. */
export const PORTS = {
  kubernetesApi: 6443,
  postgresLeader: 5432,
  postgresReplicas: 5433,
  http: 80,
  https: 443,
  /** Figures, for people at /stats and for Prometheus at /metrics, and /health. */
  status: 8404,
} as const;

/** Where K3s itself listens, since HAProxy has 6443. */
export const API_PORT = 6445;

/** The ingress' NodePorts, which take the PROXY protocol. */
export const INGRESS = [
  { name: "http", port: PORTS.http, nodePort: 30080 },
  { name: "https", port: PORTS.https, nodePort: 30443 },
] as const;

/** The NodePorts of the first Patroni member; those of the others follow by the ordinal of their pod. */
export const PATRONI = { postgres: 30432, rest: 30008 } as const;
