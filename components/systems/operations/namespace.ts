import {
  BACKUP,
  DATABASES,
  ETCD_METRICS_PORT,
  MIRROR_METRICS_PORT,
  OBJECT_STORAGE,
  POSTGRES,
} from "../../data";
import { API_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import { MONITORING_NAMESPACE, type WorkloadNamespace } from "../../shared/workloads";
import { AIRFLOW_API } from "../airflow";
import { CRM_SERVICES } from "../gardenos";
import { RAIN_API } from "../rain";
import { OPERATIONS } from "./names";

const { rest, archiveMetrics } = POSTGRES.ports;

/** The port of Prometheus' API. */
export const PROMETHEUS_PORT = 9090;

export const operationsNamespace: WorkloadNamespace = {
  name: "operations",
  podSecurity: "restricted",
  share: { cpu: 0.5, memoryGib: 1 },
  uses: [
    {
      namespace: DATABASES.namespace,
      ports: [...DATABASES.ports, rest, archiveMetrics, BACKUP.metricsPort, ETCD_METRICS_PORT],
    },
    { namespace: OBJECT_STORAGE.namespace, ports: [...OBJECT_STORAGE.ports, MIRROR_METRICS_PORT] },
    AIRFLOW_API,
    RAIN_API,
    CRM_SERVICES,
    { namespace: MONITORING_NAMESPACE, ports: [PROMETHEUS_PORT] },
  ],
  exposed: [],
  scraped: [OPERATIONS.ports.metrics],
  allow: [
    { to: "dns" },
    { to: "servers", ports: [...API_PORTS, SERVER_PORTS.etcdClient] },
    { to: "internet", ports: [SERVER_PORTS.kubernetesApi] }, // the floating IP is a public address
  ],
};

/** The same with the status page, which the ingress controller forwards requests to. */
export const namespaceWithPage: WorkloadNamespace = {
  ...operationsNamespace,
  exposed: [OPERATIONS.ports.page],
};
