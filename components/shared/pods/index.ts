export { apart } from "./apart";
export { ingressAnnotations } from "./ingress";
export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
export { volumeClaim } from "./volume-claim";
