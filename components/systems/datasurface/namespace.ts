import { DATABASES } from "../../data";
import { API_PORTS } from "../../shared/address-plan";
import type { WorkloadNamespace } from "../../shared/workloads";

export const dataSurfaceNamespace: WorkloadNamespace = {
  name: "datasurface",
  podSecurity: "restricted",
  share: { cpu: 4, memoryGib: 8 },
  uses: [DATABASES],
  exposed: [],
  scraped: [],
  allow: [
    { to: "dns" },
    // Policies for other sources and for the model's repository are beside the jobs (egress.ts).
    // The daily job reports new streams to Airflow.
    { to: "servers", ports: API_PORTS, pods: { "datasurface/job": "infrastructure" } },
  ],
};
