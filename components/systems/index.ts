export { Airflow, type AirflowArgs, POD_RUNNERS } from "./airflow";
export {
  DATASURFACE,
  DataSurface,
  type DataSurfaceArgs,
  deployedModel,
  loginOf,
  loginsFor,
} from "./datasurface";
export { type SystemsLayer, systemsFor } from "./from-settings";
export { SYSTEM_NAMESPACES } from "./namespaces";
export { checkWords, importRequest, RAIN, RainTracker, type RainTrackerArgs } from "./rain";
