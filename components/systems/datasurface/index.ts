export { type DataSurfaceDagsArgs, dataSurfaceDags } from "./dags";
export { DataSurface, type DataSurfaceArgs } from "./datasurface";
export { deployedModel, type ModelOrigin } from "./deployed-model";
export { type Login, loginOf, loginsFor } from "./logins";
export { DATASURFACE } from "./names";
export { dataSurfaceNamespace } from "./namespace";
