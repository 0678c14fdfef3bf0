export { type DataSurfaceDagsArgs, dataSurfaceDags } from "./dags";
export { DataSurface, type DataSurfaceArgs, type Login } from "./datasurface";
