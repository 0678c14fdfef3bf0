export { Airflow, POD_RUNNERS } from "./airflow";
export { DATASURFACE, DataSurface, deployedModel, loginOf, loginsFor } from "./datasurface";
export { checkWords, importRequest, RAIN, RainTracker, splitWords } from "./rain";
