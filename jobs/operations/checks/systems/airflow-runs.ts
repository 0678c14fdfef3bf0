import { check, count, noneOf, notApplicable } from "../check";

export const airflowRuns = check({
  id: "systems.airflow-runs",
  title: "no DAG run failed within a day",
  severity: "warning",
  timeoutSeconds: 20,
  means: "A load or an import did not happen; the next run may repeat the failure.",
  next: "kubectl -n airflow logs deployment/airflow-scheduler --tail 100",
  runbook: "docs/runbooks/airflow.md#a-task-fails",
  run: async ({ sql }, { airflow, postgres: { primary } }) => {
    if (!airflow) return notApplicable("the stack has no Airflow");
    const rows = await sql.rows<{ dag: string; runs: number }>(
      "airflow",
      primary,
      `SELECT dag_id AS dag, count(*)::integer AS runs FROM dag_run
       WHERE state = 'failed' AND end_date > now() - interval '1 day' GROUP BY dag_id ORDER BY 2 DESC, 1`,
    );
    return noneOf(
      rows.map(({ dag, runs }) => `${dag}: ${count(runs, "failed run")}`),
      "none failed",
    );
  },
});
