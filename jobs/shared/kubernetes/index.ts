export { type KubernetesAccess, KubernetesApi, kubernetesAccess, refusalOf } from "./kubernetes";
export { onceLetIn } from "./new-pod";
