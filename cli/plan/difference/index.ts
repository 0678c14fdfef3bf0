export { showDifference } from "./show-difference";
