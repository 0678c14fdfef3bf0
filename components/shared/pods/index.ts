export { apart } from "./apart";
export { ingressAnnotations, ingressSpec, type LoginIngress } from "./ingress";
export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
export { JOBS_USER } from "./users";
export { volumeClaim } from "./volume-claim";
