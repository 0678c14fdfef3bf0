import { API_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import type { Destination, WorkloadNamespace } from "../../shared/workloads";
import { OBJECT_STORAGE } from "../minio";
import { POSTGRES } from "./names";

const NAMESPACE = "postgres";

const { postgres, rest, pgbackrest, archiveMetrics, podMetrics } = POSTGRES.ports;

/** PostgreSQL and its pooler, for namespaces whose pods use a database. */
export const DATABASES: Destination = { namespace: NAMESPACE, ports: [postgres] };

export const postgresNamespace: WorkloadNamespace = {
  name: NAMESPACE,
  podSecurity: "restricted",
  share: { cpu: 4, memoryGib: 12 },
  uses: [OBJECT_STORAGE],
  exposed: [],
  scraped: [rest, podMetrics, archiveMetrics],
  allow: [
    { to: "dns" },
    { to: { namespace: "own" }, ports: [postgres, rest, pgbackrest] },
    { from: { namespace: "own" }, ports: [postgres, rest, pgbackrest] },
    { to: "servers", ports: [SERVER_PORTS.etcdClient, ...API_PORTS] },
    { from: "servers", ports: [postgres, rest] },
    { to: "internet", ports: [443], pods: { "trellis/archive": "offsite" } }, // the archive's second store, if any
  ],
};
