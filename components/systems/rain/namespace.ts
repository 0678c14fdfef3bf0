import { DATABASES, OBJECT_STORAGE } from "../../data";
import type { WorkloadNamespace } from "../../shared/workloads";
import { PORTS } from "./names";

export const rainNamespace: WorkloadNamespace = {
  name: "rain-tracker",
  podSecurity: "restricted",
  share: { cpu: 3, memoryGib: 4 },
  uses: [DATABASES, OBJECT_STORAGE],
  exposed: [PORTS.api],
  scraped: [PORTS.metrics],
  allow: [],
  podPolicies: true, // only imports may connect to the internet
};
