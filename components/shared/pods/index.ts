export { apart } from "./apart";
export { ingressAnnotations } from "./ingress";
export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
export { JOBS_USER } from "./users";
export { volumeClaim } from "./volume-claim";
