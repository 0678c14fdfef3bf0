export { dataSurfaceAlerts } from "./alerts";
export { type DataSurfaceDagsArgs, dataSurfaceDags } from "./dags";
export { DataSurface, type DataSurfaceArgs } from "./datasurface";
export { deployedModel } from "./deployed-model";
export { loginOf, loginsFor } from "./logins";
export { DATASURFACE } from "./names";
export { dataSurfaceNamespace } from "./namespace";
