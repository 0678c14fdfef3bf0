import { DATABASES, OBJECT_STORAGE } from "../../data";
import type { Destination, WorkloadNamespace } from "../../shared/workloads";
import { PORTS } from "./names";

const NAMESPACE = "rain-tracker";

/** The API, for namespaces whose pods ask it. */
export const RAIN_API: Destination = { namespace: NAMESPACE, ports: [PORTS.api] };

export const rainNamespace: WorkloadNamespace = {
  name: NAMESPACE,
  podSecurity: "restricted",
  share: { cpu: 3, memoryGib: 4 },
  uses: [DATABASES, OBJECT_STORAGE],
  exposed: [PORTS.api],
  scraped: [PORTS.metrics],
  allow: [],
  podPolicies: true, // only imports may connect to the internet
};
