export { restrictedContainer, restrictedPod, SCRATCH } from "./security";
