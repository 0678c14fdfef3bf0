import type { Dashboard, Panel } from "../../shared/workloads";
import { COMMON_LABELS, type Program } from "./names";

/** The dashboard of the programs that run in a namespace. */
export const gardenosDashboard = (namespace: string, programs: readonly Program[]): Dashboard => ({
  object: { name: "gardenos-dashboard", labels: COMMON_LABELS },
  file: "gardenos.json",
  uid: "trellis-gardenos",
  title: "GardenOS",
  panels: [...servicePanels(namespace), ...(programs.includes("workers") ? agentPanels(namespace) : [])],
});

const servicePanels = (namespace: string): Panel[] => [
  {
    title: "Pods that answer Prometheus",
    expr: `sum by (container) (up{namespace="${namespace}"})`,
    legend: "{{container}}",
    type: "stat",
  },
  {
    title: "Requests that wait for a database session",
    expr: `max by (pod) (pgrst_db_pool_waiting{namespace="${namespace}"})`,
    legend: "{{pod}}",
  },
  {
    title: "Requests to the auth service a second, by status",
    expr: `sum by (http_status_code) (rate(http_server_duration_milliseconds_count{namespace="${namespace}"}[5m]))`,
    legend: "{{http_status_code}}",
  },
  {
    title: "Memory of the pods",
    expr: `sum by (pod) (container_memory_working_set_bytes{namespace="${namespace}",container!=""})`,
    legend: "{{pod}}",
    unit: "bytes",
  },
];

const agentPanels = (namespace: string): Panel[] => {
  const newest = (metric: string, by = "") => `max${by}(${metric}{namespace="${namespace}"})`;
  const ofPool = (metric: string) => ({ expr: newest(metric, " by (pool) "), legend: "{{pool}}" });
  return [
    {
      title: "Tasks of the agents that wait",
      ...ofPool("agents_queue_depth"),
    },
    {
      title: "How long the oldest task waits",
      ...ofPool("agents_queue_oldest_seconds"),
      unit: "s",
    },
    {
      title: "Tasks that were done in the last day",
      ...ofPool("agents_tasks_done_last_day"),
      type: "stat",
    },
    {
      title: "Tasks that failed",
      ...ofPool("agents_tasks_failed"),
      type: "stat",
    },
    {
      title: "Tokens of today",
      expr: newest("agents_tokens_today"),
      legend: "tokens",
    },
    {
      title: "Whether the agents have stopped calling their model",
      expr: newest("agents_model_circuit_open"),
      legend: "1: stopped",
      type: "stat",
    },
  ];
};
