export { apart } from "./apart";
export { ingressAnnotations, ingressSpec, type LoginIngress } from "./ingress";
export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
export { hostOf, serviceHost, serviceNames } from "./service-host";
export { JOBS_USER } from "./users";
export { volumeClaim } from "./volume-claim";
