import { DATABASES, OBJECT_STORAGE } from "../../data";
import type { WorkloadNamespace } from "../../shared/workloads";
import { PORTS } from "./names";

/** Ports of Supabase's services, of the API and of the agents. */
const SERVICES = [3000, 5000, 8000, 8001, 9999];

/** The namespace while nothing runs in it. */
export const gardenosNamespace: WorkloadNamespace = {
  name: "gardenos",
  podSecurity: "restricted",
  share: { cpu: 3, memoryGib: 4 },
  uses: [DATABASES, OBJECT_STORAGE],
  exposed: SERVICES,
  scraped: [],
  allow: [
    { to: "dns" },
    { to: { namespace: "own" }, ports: SERVICES },
    { from: { namespace: "own" }, ports: SERVICES },
    { to: "internet", ports: [443] },
  ],
};

/** The namespace of a deployed GardenOS: each program has a policy of its own. */
export const deployedNamespace: WorkloadNamespace = {
  ...gardenosNamespace,
  scraped: Object.values(PORTS).flatMap(({ metrics }) => (metrics === undefined ? [] : [metrics])),
  allow: [],
  podPolicies: true,
};
