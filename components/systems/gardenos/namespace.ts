import { DATABASES, OBJECT_STORAGE } from "../../data";
import type { WorkloadNamespace } from "../../shared/workloads";

/** Ports of Supabase's services, of the API and of the agents. */
const SERVICES = [3000, 5000, 8000, 8001, 9999];

export const gardenosNamespace: WorkloadNamespace = {
  name: "gardenos",
  podSecurity: "restricted",
  share: { cpu: 3, memoryGib: 4 },
  uses: [DATABASES, OBJECT_STORAGE],
  exposed: SERVICES,
  scraped: [8000, 8001, 9999],
  allow: [
    { to: "dns" },
    { to: { namespace: "own" }, ports: SERVICES },
    { from: { namespace: "own" }, ports: SERVICES },
    { to: "internet", ports: [443] },
  ],
};
