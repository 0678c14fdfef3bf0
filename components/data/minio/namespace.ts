import { API_PORTS } from "../../shared/address-plan";
import type { Destination, WorkloadNamespace } from "../../shared/workloads";
import { VOLUME_PODS } from "../volumes";
import { MINIO } from "./names";

const NAMESPACE = "storage";

const { api, console } = MINIO.ports;

/** Object storage, for namespaces whose pods use it. */
export const OBJECT_STORAGE: Destination = { namespace: NAMESPACE, ports: [api] };

/** The port at which the exporter of the off-site mirror serves its metrics. */
export const MIRROR_METRICS_PORT = 8080;

export const minioNamespace: WorkloadNamespace = {
  name: NAMESPACE,
  podSecurity: "restricted",
  share: { cpu: 2, memoryGib: 5 },
  uses: [],
  exposed: [api, console],
  scraped: [api, MIRROR_METRICS_PORT],
  allow: [
    { to: "dns" },
    { to: "servers", ports: [...API_PORTS], pods: VOLUME_PODS },
    { to: { namespace: "own" }, ports: [api, console] },
    { from: { namespace: "own" }, ports: [api, console] },
  ],
};
