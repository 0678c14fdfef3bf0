export { type DataSurfaceDagsArgs, dataSurfaceDags } from "./dags";
export { DataSurface, type DataSurfaceArgs, type Login, type ModelOrigin } from "./datasurface";
export { deployedModel, loginOf, loginsFor } from "./deployed-model";
export { DATASURFACE } from "./names";
