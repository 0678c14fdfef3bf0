export { KubeSystem, type KubeSystemArgs } from "./kube-system";
