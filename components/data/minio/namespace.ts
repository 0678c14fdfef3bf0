import type { Destination, WorkloadNamespace } from "../../shared/workloads";
import { MINIO, MINIO_NAMESPACE } from "./names";

const { api, console } = MINIO.ports;

/** Object storage, for namespaces whose pods use it. */
export const OBJECT_STORAGE: Destination = { namespace: MINIO_NAMESPACE, ports: [api] };

export const minioNamespace: WorkloadNamespace = {
  name: MINIO_NAMESPACE,
  podSecurity: "restricted",
  share: { cpu: 2, memoryGib: 4 },
  uses: [],
  exposed: [api, console],
  scraped: [api],
  allow: [
    { to: "dns" },
    { to: { namespace: "own" }, ports: [api, console] },
    { from: { namespace: "own" }, ports: [api, console] },
  ],
};
