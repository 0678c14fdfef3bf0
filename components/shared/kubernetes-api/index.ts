export { type ApiReadyArgs, apiReady } from "./api-ready";
export { type KubeconfigArgs, renderKubeconfig } from "./kubeconfig";
