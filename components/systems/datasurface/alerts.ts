import { type AlertRule, alertsOf } from "../../shared/workloads";

const { warning } = alertsOf("docs/datasurface.md");

/** A stream runs at least once a day, and its last batch may have taken two hours. */
const HOURS = 26;

const batches = 'airflow_dag_run_seconds_count{dag_id=~".+__.+_ingestion",outcome="success"}';

/** Alerts on the streams, from Airflow's metrics of their DAGs. A batch that fails is an alert of Airflow's. */
export const dataSurfaceAlerts = (): AlertRule[] => [
  {
    ...warning(
      "DataSurfaceStreamStalls",
      "15m",
      `{{ $labels.dag_id }} has ended no batch well for ${HOURS} hours: its tables are old`,
      "a-stream-stalls",
    ),
    expr: `sum by (dag_id) (increase(${batches}[${HOURS}h])) == 0 and sum by (dag_id) (${batches} offset ${HOURS}h) > 0`,
  },
];
