export { Airflow, type AirflowArgs } from "./airflow";
export { systemAlerts } from "./alerts";
export { DataSurface, type DataSurfaceArgs } from "./datasurface";
export { systemsFor } from "./from-settings";
export { GardenOS, type GardenOSArgs } from "./gardenos";
export { SYSTEM_NAMESPACES, systemNamespaces } from "./namespaces";
export {
  checkWords,
  importRequest,
  RAIN,
  RainTracker,
  type RainTrackerArgs,
  storeIn,
} from "./rain";
