export { type DataSurfaceDagsArgs, dataSurfaceDags } from "./dags";
