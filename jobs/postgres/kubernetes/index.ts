export { KubernetesSlices, type SlicesAccess } from "./slices";
