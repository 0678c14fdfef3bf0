import { DATABASES, OBJECT_STORAGE } from "../../data";
import { API_PORTS } from "../../shared/address-plan";
import type { Destination, WorkloadNamespace } from "../../shared/workloads";
import { PORTS } from "./names";

/** The API server reads the logs of running tasks from the scheduler and the triggerer. */
const PROCESSES = [PORTS.api, PORTS.taskLogs, PORTS.triggererLogs];
const STATSD = { ports: [PORTS.statsd], protocol: "UDP" } as const;

const NAMESPACE = "airflow";

/** The API server, for namespaces whose pods ask it. */
export const AIRFLOW_API: Destination = { namespace: NAMESPACE, ports: [PORTS.api] };

export const airflowNamespace: WorkloadNamespace = {
  name: NAMESPACE,
  podSecurity: "restricted",
  share: { cpu: 3, memoryGib: 8 },
  uses: [DATABASES, OBJECT_STORAGE],
  exposed: [PORTS.api],
  scraped: [PORTS.metrics],
  allow: [
    { to: "dns" },
    { to: "servers", ports: API_PORTS },
    { to: { namespace: "own" }, ports: PROCESSES },
    { from: { namespace: "own" }, ports: PROCESSES },
    { to: { namespace: "own" }, ...STATSD },
    { from: { namespace: "own" }, ...STATSD },
    { to: "internet", ports: [443] },
  ],
};
