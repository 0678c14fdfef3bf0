export { apart } from "./apart";
export { ingressAnnotations, ingressSpec, type LoginIngress } from "./ingress";
export { jobsPod, type OwnParts } from "./jobs-pod";
export { type JobsSchedule, jobsCronJob } from "./jobs-schedule";
export { secretVariable } from "./secret-variable";
export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
export { hostOf, serviceHost, serviceNames } from "./service-host";
export { JOBS_USER } from "./users";
export { volumeClaim } from "./volume-claim";
