import { DATABASES, OBJECT_STORAGE } from "../../data";
import { hostOf } from "../../shared/pods";
import type { Destination, WorkloadNamespace } from "../../shared/workloads";
import { GARDENOS, PORTS } from "./names";

/** Ports of Supabase's services, of the API and of the agents. */
const SERVICES = [3000, 5000, 8000, 8001, 9999];

const NAMESPACE = "gardenos";

/** The services, for namespaces whose pods ask how they are. */
export const CRM_SERVICES: Destination = {
  namespace: NAMESPACE,
  ports: [PORTS.auth.http, PORTS.storage.http, PORTS.api.http],
};

const at = (service: string, port: number, path: string) =>
  `http://${hostOf(service, NAMESPACE)}:${port}${path}`;

/** Where each service tells how it is. PostgREST tells it at a port that its Service does not have. */
export const CRM_HEALTH = {
  auth: at(GARDENOS.auth, PORTS.auth.http, "/health"),
  storage: at(GARDENOS.storage, PORTS.storage.http, "/status"),
  api: at(GARDENOS.api, PORTS.api.http, "/health"),
};

/** The namespace while nothing runs in it. */
export const gardenosNamespace: WorkloadNamespace = {
  name: NAMESPACE,
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
