export { apiReady } from "./api-ready";
export { renderKubeconfig } from "./kubeconfig";
