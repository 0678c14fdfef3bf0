export { Airflow, type AirflowArgs } from "./airflow";
export { dagFiles, JOB_CONTAINER, type PlatformDags } from "./dag-specification";
export { DASHBOARD_LABEL, dashboard, type Panel } from "./dashboards";
export { POD_RUNNERS } from "./names";
export type { StreamList } from "./pods";
