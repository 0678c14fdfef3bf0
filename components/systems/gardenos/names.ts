/** Names of GardenOS' objects in the cluster. */
export const GARDENOS = {
  auth: "auth",
  rest: "rest",
  storage: "storage",
  api: "api",
  agents: "agents",
  workers: "agent-workers",
  migration: "crm-migration",
  serviceAccount: "gardenos",
  databaseSecret: "gardenos-database",
  tokensSecret: "gardenos-tokens",
  storageSecret: "gardenos-storage",
  agentsSecret: "gardenos-agents",
  tlsSecret: "gardenos-tls",
} as const;

/** The port of each program, and the one that Prometheus reads. */
export const PORTS = {
  auth: { http: 9999, metrics: 9100 },
  rest: { http: 3000, metrics: 3001 },
  storage: { http: 5000, metrics: 5001 },
  api: { http: 8000, metrics: undefined },
  agents: { http: 8001, metrics: undefined },
  workers: { http: undefined, metrics: 8002 },
} as const;

export type Program = keyof typeof PORTS;

const PART_OF = { "app.kubernetes.io/part-of": "gardenos" };

export const labelsOf = (name: string): Record<string, string> => ({
  ...PART_OF,
  "app.kubernetes.io/name": name,
});

export const COMMON_LABELS = PART_OF;
