export { Airflow, POD_RUNNERS } from "./airflow";
export { DATASURFACE, DataSurface, deployedModel, loginOf, loginsFor } from "./datasurface";
export { type SystemsLayer, systemsFor } from "./from-settings";
export { checkWords, importRequest, RAIN, RainTracker } from "./rain";
