export {
  CONFIG_MAP_BYTES,
  type KubernetesAccess,
  KubernetesApi,
  kubernetesAccess,
  refusalOf,
} from "./kubernetes";
export { onceLetIn } from "./new-pod";
