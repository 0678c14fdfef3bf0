/** Names and ports of the logs' own objects. */
export const LOGS = {
  namespace: "logs",
  store: "victoria-logs",
  agent: "log-agent",
  /** Secret with the token that the agents present to an endpoint of yours. */
  token: "log-endpoint",
  ports: { store: 9428, agent: 9429 },
} as const;

const label = (name: string) => ({ "app.kubernetes.io/part-of": "logs", "app.kubernetes.io/name": name });

export const LABELS = { store: label(LOGS.store), agent: label(LOGS.agent) } as const;

/** Address of the store for programs in the cluster. */
export const LOGS_URL = `http://${LOGS.store}.${LOGS.namespace}.svc:${LOGS.ports.store}`;
