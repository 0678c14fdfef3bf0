import { z } from "zod";
import { check, count, noneOf, notApplicable } from "../check";

const components = z.record(z.string(), z.object({ status: z.string().nullish() }).nullish());

export const airflow = check({
  id: "systems.airflow",
  title: "Airflow's components are healthy",
  severity: "critical",
  means: "No task is started, or its result is not seen.",
  next: "kubectl -n airflow get pods",
  runbook: "docs/runbooks/airflow.md#a-process-sends-no-heartbeat",
  run: async ({ http }, { airflow }) => {
    if (!airflow) return notApplicable("the stack has no Airflow");
    const health = components.parse(
      await http.json("Airflow", new URL("/api/v2/monitor/health", airflow.url).href),
    );
    const ill = Object.entries(health).filter(
      ([, part]) => part?.status !== null && part?.status !== "healthy",
    );
    return noneOf(
      ill.map(([name, part]) => `${name} is ${part?.status ?? "silent"}`),
      `${count(Object.keys(health).length, "component")} healthy`,
    );
  },
});
