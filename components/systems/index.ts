export { Airflow, type AirflowArgs } from "./airflow";
export { DataSurface, type DataSurfaceArgs } from "./datasurface";
export { systemsFor } from "./from-settings";
export { SYSTEM_NAMESPACES } from "./namespaces";
export { checkWords, importRequest, RAIN, RainTracker, type RainTrackerArgs } from "./rain";
