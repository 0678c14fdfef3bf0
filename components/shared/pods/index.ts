export { apart } from "./apart";
export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
export { volumeClaim } from "./volume-claim";
